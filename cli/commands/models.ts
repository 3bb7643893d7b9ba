import type { Command } from 'commander';
import type { WireModelList } from '../../api/wire-fleet.ts';
import { formatSize } from '../../domain/format-size.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { formatTable } from '../format.ts';
import { addPullCommand } from './models-pull.ts';
import { addPullsCommand } from './models-pulls.ts';

const EXAMPLES = `
Examples:
  hydra models
  hydra models pull qwen3:1.7b          bring a model to every host that is up
  hydra models pulls                    what is being pulled, and was
  hydra models --json | jq .roles
`;

/** `hydra models`: the models of all hosts and their roles; `hydra models pull`, `hydra models pulls`. */
export function addModelsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('models')
    .summary('list the models of all hosts and their roles; pull models')
    .addHelpText('before', EXAMPLES);
  addServiceOptions(command).action(async (options: ServiceOptions) => {
    printAnswer(context, options, await openClient(context, options).getModels(), describeModels);
  });
  addPullCommand(command, context);
  addPullsCommand(command, context);
}

function describeModels({ roles, models, missing }: WireModelList): readonly string[] {
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
    ...describeMissing(missing),
  ];
}

/** The models of the settings that others stand in for, with the way to bring them. */
function describeMissing(missing: WireModelList['missing']): readonly string[] {
  if (missing.length === 0) return [];
  const rolesByModel = new Map<string, string[]>();
  for (const { role, model } of missing) rolesByModel.set(model, [...(rolesByModel.get(model) ?? []), role]);
  // The command stands last: it is shown as the reader called it, which may be longer.
  const rows = [...rolesByModel].map(([model, roles]) => [roles.join(', '), `hydra models pull ${model}`]);
  return ['', ...formatTable([['MODEL IS MISSING', 'BRING IT WITH'], ...rows])];
}
