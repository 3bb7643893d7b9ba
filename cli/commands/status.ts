import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { WireRun } from '../../api/wire-run.ts';
import type { ApiClient } from '../api-client.ts';
import { addServiceOptions, openClient, printAnswer } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { EXIT, isOpen, toExitCode } from '../exit-codes.ts';
import { describeRun } from '../format.ts';
import { catchInterrupts, describeDetaching } from '../interrupts.ts';

interface StatusOptions extends ServiceOptions {
  readonly watch?: boolean;
}

/** `hydra status <id>`: a run with its checks. */
export function addStatusCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('status')
    .summary('show a run: progress, what it waits for, result, checks')
    .description(
      'Show a run: progress, what it waits for, result, checks. With --watch the exit code is that of the run.',
    )
    .argument('<id>', 'ID of the run')
    .option('-w, --watch', 'show it again whenever it changes, until the run has ended')
    .addHelpText(
      'before',
      '\nExamples:\n  hydra status run-abc\n  hydra status run-abc --watch\n  hydra status run-abc --json | jq .result.checks\n',
    );
  addServiceOptions(command).action(async (id: string, options: StatusOptions) => {
    const client = openClient(context, options);
    const show = (run: WireRun) => printAnswer(context, options, run, describeRun);
    if (options.watch) context.setExitCode(await watch(context, client, id, show));
    else show(await client.getRun(id));
  });
}

// Soon enough for a reader, and one small question to a local database.
const LOOK_INTERVAL_MS = 1_000;

async function watch(
  { terminal }: CommandContext,
  client: ApiClient,
  id: string,
  show: (run: WireRun) => void,
): Promise<number> {
  const interrupts = catchInterrupts(() => terminal.note(describeDetaching(id)));
  const { signal } = interrupts;
  let shown = '';
  try {
    while (!signal.aborted) {
      const run = await client.getRun(id);
      const seen = JSON.stringify({ ...run, updated_at: '' });
      if (seen !== shown) show(run);
      shown = seen;
      if (!isOpen(run)) return toExitCode(run);
      await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
    return EXIT.interrupted;
  } finally {
    interrupts.release();
  }
}
