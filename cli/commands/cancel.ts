import type { Command } from 'commander';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { isOpen } from '../exit-codes.ts';

/** `hydra cancel <id>`: stop a run. */
export function addCancelCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('cancel')
    .summary('stop a run')
    .argument('<id>', 'ID of the run')
    .addHelpText('before', '\nExamples:\n  hydra cancel run-abc\n');
  addServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    const run = await openClient(context, options).cancel(id);
    printAnswer(context, options, run, () => [
      isOpen(run) ? `${id} is being stopped.` : `${id} had ended: ${run.status}.`,
    ]);
  });
}
