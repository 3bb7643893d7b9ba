import type { Command } from 'commander';
import type { WireModelList } from '../../api/wire-fleet.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { formatSize, formatTable } from '../format.ts';

/** `hydra models`: the models of all hosts, and their roles. */
export function addModelsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('models')
    .summary('list the models of all hosts and their roles')
    .addHelpText('before', '\nExamples:\n  hydra models\n  hydra models --json | jq .roles\n');
  addServiceOptions(command).action(async (options: ServiceOptions) => {
    printAnswer(context, options, await openClient(context, options).getModels(), describeModels);
  });
}

function describeModels({ roles, models }: WireModelList): readonly string[] {
  const rows = models.map((model) => [
    model.name,
    formatSize(model.size_bytes),
    model.parameter_size,
    model.nodes.map((node) => (model.resident_on.includes(node) ? `${node} (in memory)` : node)).join(', '),
  ]);
  const assigned = Object.entries(roles).map(([role, names]) => [role, names.join(', ')]);
  return [
    ...formatTable([['MODEL', 'SIZE', 'PARAMETERS', 'HOSTS'], ...rows]),
    '',
    ...formatTable([['ROLE', 'MODELS'], ...assigned]),
  ];
}
