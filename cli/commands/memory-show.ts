import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeEntry } from '../describe-memory.ts';
import { openMemoryClient } from '../memory-client.ts';

/** `hydra memory show <id>`: one entry with all that is kept of it. */
export function addMemoryShowCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('show')
    .summary('show one entry with all that is kept of it')
    .argument('<id>', 'ID of the entry, or its first 8 or more digits')
    .addHelpText('before', '\nExamples:\n  hydra memory show 3fa1c09be2d4\n');
  addServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    printAnswer(context, options, await openMemoryClient(context, options).getEntry(id), describeEntry);
  });
}
