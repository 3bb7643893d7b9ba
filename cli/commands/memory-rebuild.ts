import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeTiers } from '../describe-memory.ts';
import { openMemoryClient } from '../memory-client.ts';

/** `hydra memory rebuild`: fill every copy again from the record. */
export function addMemoryRebuildCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('rebuild')
    .summary('empty every copy and fill it again from the system of record')
    .description('Empty every copy and fill it again from the system of record. It goes on in the background.')
    .addHelpText('before', '\nExamples:\n  hydra memory rebuild\n');
  addServiceOptions(command).action(async (options: ServiceOptions) => {
    const status = await openMemoryClient(context, options).rebuild();
    printAnswer(context, options, status, (answer) => [
      ...describeTiers(answer),
      '',
      'The copies are being filled again. See how far they are with: hydra memory status',
    ]);
  });
}
