import type { Command } from 'commander';
import type { WirePull } from '../../api/wire-pull.ts';
import type { ApiClient } from '../api-client.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { EXIT, EXIT_CODES_HELP } from '../exit-codes.ts';
import { followPull } from '../follow-pull.ts';
import { catchInterrupts } from '../interrupts.ts';
import { collect, readWholeNumber } from '../read-option.ts';

interface PullOptions extends ServiceOptions {
  readonly node?: readonly string[];
  readonly on?: number;
  readonly wait: boolean;
  readonly cancel?: boolean;
}

/** More hosts than one fleet has. */
const MOST_HOSTS = 1_000;

const EXAMPLES = `
Examples:
  hydra models pull qwen3:1.7b                           on every host that is up
  hydra models pull qwen3:14b --node gpu-1 --node gpu-2  on these, which are waited for when they are down
  hydra models pull qwen3:14b --on 2                     on two hosts; those that have it count
  hydra models pull qwen3:14b --cancel                   stop; what has arrived stays for the next time
`;

/** `hydra models pull <model>`: bring a model to hosts. */
export function addPullCommand(models: Command, context: CommandContext): void {
  const command = models
    .command('pull')
    .summary('bring a model to hosts')
    .description('Bring a model to hosts, and show how far each is. Ctrl-C detaches: the pull goes on.')
    .argument('<model>', 'name of the model')
    .option('--node <id>', 'host that shall have it; may be given again; default: every host that is up', collect)
    .option('--on <count>', 'how many hosts shall have it', readWholeNumber(1, MOST_HOSTS))
    .option('--no-wait', 'print the id and end')
    .option('--cancel', 'stop the pull of this model')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', EXIT_CODES_HELP);
  // The group of commands takes the same options, and would otherwise keep what stands behind the name of this one.
  addServiceOptions(command).action(async (model: string, _options: PullOptions, self: Command) => {
    context.setExitCode(await pull(context, model, self.optsWithGlobals<PullOptions>()));
  });
}

async function pull(context: CommandContext, model: string, options: PullOptions): Promise<number> {
  const client = openClient(context, options);
  if (options.cancel) return cancel(context, client, model, options);
  const { node: nodes, on } = options;
  const accepted = await client.pullModel({ model, ...(nodes && { nodes: [...nodes] }), ...(on && { on }) });
  if (!options.wait) {
    printAnswer(context, options, accepted, () => [accepted.id]);
    return EXIT.done;
  }
  if (accepted.joined) context.terminal.note(`${model} is being pulled already; this is how far it is.`);
  return watch(context, client, accepted.id, options);
}

async function watch(context: CommandContext, client: ApiClient, id: string, options: PullOptions): Promise<number> {
  const { terminal } = context;
  const interrupts = catchInterrupts(() =>
    terminal.note(`\nDetached; the pull goes on. See it with: hydra models pulls`),
  );
  try {
    const { signal } = interrupts;
    const ended = await followPull(client, terminal, id, { isQuiet: options.json ?? false, signal });
    if (ended === undefined) return EXIT.interrupted;
    printAnswer(context, options, ended, () => [describeEnd(ended)]);
    return toExitCode(ended);
  } finally {
    interrupts.release();
  }
}

async function cancel(
  context: CommandContext,
  client: ApiClient,
  model: string,
  options: PullOptions,
): Promise<number> {
  const stopped = await client.cancelPull(model);
  const isOpen = stopped.status === 'running';
  printAnswer(context, options, stopped, () => [
    isOpen ? `The pull of ${model} is being stopped.` : `The pull of ${model} had ended: ${stopped.status}.`,
  ]);
  return EXIT.done;
}

function describeEnd({ model, status, nodes }: WirePull): string {
  const having = nodes.filter(({ state }) => state === 'done').map(({ node }) => node);
  const there = having.length === 0 ? 'It is on none of the hosts' : `${model} is on ${having.join(', ')}`;
  return status === 'completed'
    ? `${there}.`
    : `The pull was ${status === 'failed' ? 'not finished' : status}. ${there}.`;
}

function toExitCode({ status }: WirePull): number {
  if (status === 'completed') return EXIT.done;
  return status === 'cancelled' ? EXIT.cancelled : EXIT.failed;
}
