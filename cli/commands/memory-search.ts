import type { Command } from 'commander';
import { addServiceOptions, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { describeAnswer } from '../describe-memory.ts';
import { openMemoryClient } from '../memory-client.ts';

interface SearchOptions extends ServiceOptions {
  readonly namespace?: string;
  readonly kind?: string;
  readonly mode?: string;
  readonly limit?: string;
}

const EXAMPLES = `
Examples:
  hydra memory search parse a date with time zone
  hydra memory search "KeyError in a loop" --kind lesson --namespace research/mona
  hydra memory search retry --mode text --json | jq -r .found[].entry.value.code
`;

/** `hydra memory search <words>`: verified work and lessons like it. */
export function addMemorySearchCommand(memory: Command, context: CommandContext): void {
  const command = memory
    .command('search')
    .summary('find verified work and lessons by words and by meaning')
    .argument('<words...>', 'what it is about')
    .option('--namespace <name>', 'project or user; default: default')
    .option('-k, --kind <kind>', 'work or lesson; default: both')
    .option('-m, --mode <mode>', 'text: by words; vector: by meaning; default hybrid: both')
    .option('-l, --limit <count>', 'how many are shown; default 10')
    .addHelpText('before', EXAMPLES);
  addServiceOptions(command).action(async (words: readonly string[], options: SearchOptions) => {
    const { namespace, kind, mode, limit } = options;
    const query = {
      q: words.join(' '),
      ...(namespace !== undefined && { namespace }),
      ...(kind !== undefined && { kind }),
      ...(mode !== undefined && { mode }),
      ...(limit !== undefined && { limit }),
    };
    printAnswer(context, options, await openMemoryClient(context, options).search(query), describeAnswer);
  });
}
