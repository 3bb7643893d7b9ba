import { once } from 'node:events';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { catchInterrupts } from '../interrupts.ts';

interface SimulateOptions {
  readonly json?: boolean;
  readonly port: number;
  readonly model: readonly string[];
  readonly slots: number;
  readonly tokensPerSecond?: number;
}

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
    .option('--port <port>', 'port to listen on; 0 takes a free one', readCount, 11_500)
    .option('-m, --model <name>', 'model that it has; may be given again', collect, [])
    .option('--slots <count>', 'requests that it works on at once', readCount, 1)
    .option('--tokens-per-second <count>', 'how fast it writes; default: at once', readCount)
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
    ...(options.model.length > 0 && { models: options.model.map((name) => simulatedModel(name)) }),
    ...(tokensPerSecond !== undefined && { speed: { completionTokensPerSecond: tokensPerSecond } }),
  }).catch((error: unknown) => {
    throw new CommandError(
      EXIT.failed,
      `No node on port ${port}: ${error instanceof Error ? error.message : String(error)}.`,
    );
  });
  const interrupts = catchInterrupts();
  terminal.print(options.json ? JSON.stringify({ url: node.url }) : node.url);
  terminal.note('A simulated Ollama host; Ctrl-C ends it.');
  await once(interrupts.signal, 'abort');
  interrupts.release();
  await node.close();
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function readCount(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}
