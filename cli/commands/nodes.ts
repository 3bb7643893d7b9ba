import type { Command } from 'commander';
import type { WireNodeList } from '../../api/wire-fleet.ts';
import { formatCount } from '../../domain/format-count.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { formatTable } from '../format.ts';

/** `hydra nodes`: the Ollama hosts. */
export function addNodesCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('nodes')
    .summary('list the Ollama hosts')
    .addHelpText('before', '\nExamples:\n  hydra nodes\n  hydra nodes --json | jq .nodes[].models\n');
  addServiceOptions(command).action(async (options: ServiceOptions) => {
    printAnswer(context, options, await openClient(context, options).getNodes(), describeNodes);
  });
}

function describeNodes({ nodes }: WireNodeList): readonly string[] {
  const rows = nodes.map((node) => [
    node.id,
    node.state,
    `${node.busy_slots}/${node.slots}`,
    node.version ?? '',
    node.url,
    node.problem ??
      `${formatCount(node.models.length, 'model')}; in memory: ${node.resident_models.join(', ') || 'none'}`,
  ]);
  return formatTable([['ID', 'STATE', 'BUSY', 'VERSION', 'URL', ''], ...rows]);
}
