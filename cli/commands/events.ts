import type { Command } from 'commander';
import { addServiceOptions, openClient } from '../command-context.ts';
import type { CommandContext, ServiceOptions } from '../command-context.ts';
import { EXIT, toExitCode } from '../exit-codes.ts';
import { followRun } from '../follow-run.ts';
import { catchInterrupts, describeDetaching } from '../interrupts.ts';
import { readWholeNumber } from '../read-option.ts';

interface EventsOptions extends ServiceOptions {
  readonly after?: number;
  readonly text: boolean;
}

/** `hydra events <id>`: what happens in a run, until it has ended. */
export function addEventsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('events')
    .summary('watch a run until it has ended')
    .description('Show what happened in a run and what happens, until it has ended. Ctrl-C detaches: the run goes on.')
    .argument('<id>', 'ID of the run')
    .option('--no-text', 'leave out what the models write')
    .option('--after <sequence>', 'only events after this one', readWholeNumber(0, Number.MAX_SAFE_INTEGER))
    .addHelpText('before', '\nExamples:\n  hydra events run-abc\n  hydra events run-abc --json | jq -r .type\n');
  addServiceOptions(command).action(async (id: string, options: EventsOptions) => {
    context.setExitCode(await watch(context, id, options));
  });
}

async function watch(context: CommandContext, id: string, options: EventsOptions): Promise<number> {
  const { terminal } = context;
  const client = openClient(context, options);
  const interrupts = catchInterrupts(() => terminal.note(describeDetaching(id)));
  const { signal } = interrupts;
  const after = options.after === undefined ? {} : { after: options.after };
  try {
    if (options.json) {
      for await (const event of client.followEvents(id, { ...after, signal })) {
        if (options.text || event.type !== 'text.delta') terminal.print(JSON.stringify(event));
      }
    }
    const run = await followRun(client, terminal, id, {
      showsText: options.text,
      isQuiet: options.json ?? false,
      ...after,
      signal,
    });
    return run === undefined ? EXIT.interrupted : toExitCode(run);
  } finally {
    interrupts.release();
  }
}
