import type { Command } from 'commander';
import { loadSettings } from '../../config/load-settings.ts';
import { formatProblems } from '../../config/setting-problem.ts';
import type { ServiceName } from '../../workers/services/memory-service.ts';
import { startService, type StartOutcome } from '../../workers/services/start-service.ts';
import { addJsonOption, printAnswer, requireSettings, type CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { formatTable } from '../format.ts';
import { catchInterrupts } from '../interrupts.ts';
import { showElapsed } from '../show-elapsed.ts';
import { addToEnv } from '../write-env.ts';
import { findServices, serviceNames } from './service-names.ts';

interface UpOptions {
  readonly json?: boolean;
  readonly writeEnv?: boolean;
}

/** `hydra services up`: start what this machine has, and tell how it is used. */
export function addServicesUpCommand(parent: Command, context: CommandContext): void {
  const command = parent
    .command('up')
    .summary('start them, or go on with those that run')
    .description(
      'Start Redis, Postgres and Chroma from what this machine has, on loopback, with passwords of their own.',
    )
    .addArgument(serviceNames())
    .option('--write-env', 'add the lines that Hydra needs to .env');
  addJsonOption(command).action(async (names: readonly ServiceName[], options: UpOptions) => {
    context.setExitCode(await startServices(context, names, options));
  });
}

async function startServices(
  context: CommandContext,
  names: readonly ServiceName[],
  options: UpOptions,
): Promise<number> {
  const { settings } = requireSettings(context);
  const { terminal } = context;
  const interrupts = catchInterrupts(() => terminal.note('\nStopping what is being started.'));
  const endClock = showElapsed(terminal, 'Starting');
  let services: readonly StartOutcome[];
  try {
    const wanted = findServices(settings.cache, names);
    services = await Promise.all(wanted.map((service) => startService(service, settings, interrupts.signal)));
  } finally {
    endClock();
    interrupts.release();
  }
  const lines = services.flatMap(({ line }) => line ?? []);
  printAnswer(context, options, { services, env: lines }, () => describeOutcomes(services));
  if (lines.length > 0) tellLines(context, lines, options);
  if (interrupts.signal.aborted) return EXIT.interrupted;
  const isUp = services.map(({ state }) => state !== 'missing' && state !== 'failed');
  return services.some(({ state }) => state === 'failed') || !isUp.includes(true) ? EXIT.failed : EXIT.done;
}

const STATES = {
  started: 'started',
  adopted: 'ran already',
  elsewhere: 'elsewhere',
  foreign: 'not ours',
  missing: 'missing',
  failed: 'failed',
} as const satisfies Record<StartOutcome['state'], string>;

function describeOutcomes(services: readonly StartOutcome[]): readonly string[] {
  const rows = services.map(({ name, state, detail }) => [name, STATES[state], detail]);
  return formatTable([['SERVICE', 'STATE', 'DETAIL'], ...rows]);
}

function tellLines(context: CommandContext, lines: readonly string[], { writeEnv, json }: UpOptions): void {
  const { terminal } = context;
  if (!writeEnv) {
    if (json) return;
    terminal.note('\nTo use them, add these lines to .env and start Hydra anew; --write-env does it:');
    for (const line of lines) terminal.print(line);
    return;
  }
  requireSound(context, lines);
  const { added, left } = addToEnv(context.folder, lines);
  if (added.length > 0) terminal.note(`Added to .env: ${namesOf(added)}. Start Hydra anew to use them.`);
  if (left.length > 0) {
    terminal.note('.env has another value of these; change it to:');
    for (const line of left) terminal.print(line);
  }
}

function namesOf(lines: readonly string[]): string {
  return lines.map((line) => line.split('=', 1)[0]).join(', ');
}

/** What stands in `.env` may contradict the new lines: then Hydra would not start any more. */
function requireSound({ environment, folder }: CommandContext, lines: readonly string[]): void {
  const flags = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  const loaded = loadSettings({ environment, folder, flags });
  if (loaded.ok) return;
  throw new CommandError(EXIT.settings, formatProblems(loaded.problems), '.env was left as it is.');
}
