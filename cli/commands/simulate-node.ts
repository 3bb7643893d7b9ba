import { once } from 'node:events';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { catchInterrupts } from '../interrupts.ts';
import { collect, readWholeNumber } from '../read-option.ts';

interface SimulateOptions {
  readonly json?: boolean;
  readonly port: number;
  readonly model?: readonly string[];
  readonly slots: number;
  readonly tokensPerSecond?: number;
}

// As many as a host with several GPUs serves at once; beyond that one starts more hosts.
const MAX_SLOTS = 1_000;
// Faster than any model; without the option it writes at once.
const MAX_TOKENS_PER_SECOND = 1_000_000;

const EXAMPLES = `
Examples:
  hydra simulate-node --port 11500 --model qwen3:1.7b --tokens-per-second 40
  HYDRA_NODES=http://localhost:11500 hydra up
`;

/** `hydra simulate-node`: an Ollama host without a model, to try Hydra or to test a fleet. */
export function addSimulateNodeCommand(program: Command, context: CommandContext): void {
  program
    .command('simulate-node')
    .summary('run a simulated Ollama host, to try things without a model')
    .option('--port <port>', 'port to listen on; 0 takes a free one', readWholeNumber(0, 65_535), 11_500)
    .option('-m, --model <name>', 'model that it has; may be given again', collect)
    .option('--slots <count>', 'requests that it works on at once', readWholeNumber(1, MAX_SLOTS), 1)
    .option(
      '--tokens-per-second <count>',
      'how fast it writes; default: at once',
      readWholeNumber(1, MAX_TOKENS_PER_SECOND),
    )
    .option('--json', 'print its address as JSON')
    .addHelpText('before', EXAMPLES)
    .action((options: SimulateOptions) => simulate(context, options));
}

async function simulate({ terminal }: CommandContext, options: SimulateOptions): Promise<void> {
  const [{ startSimulatedNode }, { simulatedModel }] = await Promise.all([
    import('../../models/simulated-node/start-simulated-node.ts'),
    import('../../models/simulated-node/options.ts'),
  ]);
  const { port, slots, tokensPerSecond } = options;
  const node = await startSimulatedNode({
    port,
    slots,
    ...(options.model && { models: options.model.map((name) => simulatedModel(name)) }),
    ...(tokensPerSecond !== undefined && { speed: { completionTokensPerSecond: tokensPerSecond } }),
  }).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'another program uses it; take another one with --port' : message;
    throw new CommandError(EXIT.failed, `No node on port ${port}: ${reason}.`);
  });
  const interrupts = catchInterrupts(() => terminal.note('\nThe simulated host ends.'));
  terminal.print(options.json ? JSON.stringify({ url: node.url }) : node.url);
  terminal.note('A simulated Ollama host; Ctrl-C ends it.');
  await once(interrupts.signal, 'abort');
  interrupts.release();
  await node.close();
}
