import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeTiers } from '../describe-memory.ts';
import { EXIT } from '../exit-codes.ts';
import { openMemoryClient } from '../memory-client.ts';

/** `hydra memory status`: the tiers, what they hold and how far each copy is behind. */
export function addMemoryStatusCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('status')
    .summary('show the tiers: up or down, entries, speed, how far behind')
    .description(
      'Show the tiers in the order in which they are read. The exit code is 1 when the system of record is down; ' +
        'everything else is a copy of it, and is not missed.',
    )
    .addHelpText('before', '\nExamples:\n  hydra memory status\n  hydra memory status --json | jq .tiers[].lag\n');
  addServiceOptions(command).action(async (options: ServiceOptions) => {
    const status = await openMemoryClient(context, options).getStatus();
    printAnswer(context, options, status, describeTiers);
    const isBroken = status.tiers.some((tier) => tier.is_record && tier.state !== 'up');
    context.setExitCode(isBroken ? EXIT.failed : EXIT.done);
  });
}
