import type { Command } from 'commander';
import type { WirePullList } from '../../api/wire-pull.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeNode } from '../follow-pull.ts';
import { formatTable } from '../format.ts';

/** `hydra models pulls`: the last pull of each model. */
export function addPullsCommand(models: Command, context: CommandContext): void {
  const command = models
    .command('pulls')
    .summary('list what is being pulled, and was')
    .description('List the last pull of each model, host by host, newest first.')
    .addHelpText('before', '\nExamples:\n  hydra models pulls\n  hydra models pulls --json | jq .pulls[0].nodes\n');
  addServiceOptions(command).action(async (_options: ServiceOptions, self: Command) => {
    const options = self.optsWithGlobals<ServiceOptions>();
    printAnswer(context, options, await openClient(context, options).listPulls(), describePulls);
  });
}

function describePulls({ pulls }: WirePullList): readonly string[] {
  if (pulls.length === 0) return ['No model was pulled yet. Pull one with: hydra models pull <model>'];
  const rows = pulls.flatMap(({ model, status, started_at: startedAt, nodes }) =>
    nodes.map((node, index) => {
      const head = index === 0 ? [model, status, `${startedAt.slice(0, 16).replace('T', ' ')} UTC`] : ['', '', ''];
      return [...head, ...describeNode(node)];
    }),
  );
  return formatTable([['MODEL', 'STATUS', 'STARTED', 'HOST', 'STATE', 'FETCHED', ''], ...rows]);
}
