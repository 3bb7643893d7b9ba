import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeEntries } from '../describe-memory.ts';
import { openMemoryClient } from '../memory-client.ts';

interface ListOptions extends ServiceOptions {
  readonly run?: string;
  readonly namespace?: string;
  readonly kind?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

const EXAMPLES = `
Examples:
  hydra memory list --run add-two-numbers   what a run has left, to show or delete it
  hydra memory list --kind answer --json | jq -r .entries[].id
`;

/** `hydra memory list`: what is kept, in the order of IDs. */
export function addMemoryListCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('list')
    .summary('list what is kept, of one run or all')
    .option('-r, --run <id>', 'only what this run has left')
    .option('--namespace <name>', 'project or user; default: all')
    .option('-k, --kind <kind>', 'answer, work, lesson or embedding; default: all')
    .option('-n, --limit <count>', 'entries on a page; default 50')
    .option('--cursor <text>', 'go on where the page before ended')
    .addHelpText('before', EXAMPLES);
  addServiceOptions(command).action(async (options: ListOptions) => {
    const { run, namespace, kind, limit, cursor } = options;
    const page = await openMemoryClient(context, options).listEntries({
      ...(run !== undefined && { run }),
      ...(namespace !== undefined && { namespace }),
      ...(kind !== undefined && { kind }),
      ...(limit !== undefined && { limit }),
      ...(cursor !== undefined && { cursor }),
    });
    printAnswer(context, options, page, describeEntries);
    if (page.next_cursor !== null && !options.json) {
      context.terminal.note(`There are more: hydra memory list --cursor ${page.next_cursor}`);
    }
  });
}
