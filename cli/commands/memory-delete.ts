import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { openMemoryClient } from '../memory-client.ts';

/** `hydra memory delete <id>`: forget an entry. */
export function addMemoryDeleteCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('delete')
    .summary('forget an entry, in every tier and for good')
    .argument('<id>', 'ID of the entry, or its first 8 or more digits')
    .addHelpText('before', '\nExamples:\n  hydra memory delete 3fa1c09be2d4\n');
  addServiceOptions(command).action(async (id: string, options: ServiceOptions) => {
    const client = openMemoryClient(context, options);
    const { id: wholeId, workflow_id: run } = await client.getEntry(id);
    const { entries } = await client.listEntries({ run, limit: '2' });
    await client.deleteEntry(wholeId);
    const hasMore = entries.some((entry) => entry.id !== wholeId);
    printAnswer(context, options, { id, deleted: true }, () => [
      `${id} is forgotten. A tier that is away forgets it when it comes back.`,
      ...(hasMore ? [`Its run has left more: hydra memory list --run ${run}`] : []),
    ]);
  });
}
