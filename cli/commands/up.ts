import { join } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { WireHealth } from '../../api/wire-fleet.ts';
import { createVariableReader } from '../../config/read-variable.ts';
import type { Settings } from '../../config/settings.ts';
import type { Addresses } from '../../workers/run-hydra.ts';
import { createApiClient } from '../api-client.ts';
import type { ApiClient } from '../api-client.ts';
import { requireSettings, toApiUrl } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import { catchInterrupts, describeDetaching } from '../interrupts.ts';
import { runRequest } from '../run-request.ts';
import type { RunRequestOptions } from '../run-request.ts';
import { showElapsed } from '../show-elapsed.ts';

interface UpOptions {
  readonly prompt?: string;
  readonly role: 'all' | 'api' | 'workers';
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  hydra up                                     start Hydra and stay until Ctrl-C
  hydra up --prompt "Write a prime sieve"      run one request, starting Hydra for it where it does not run
`;

/** `hydra up`: run the service, or one request. */
export function addUpCommand(program: Command, context: CommandContext): void {
  program
    .command('up')
    .summary('start Hydra, or run one request')
    .description('Start Hydra in this terminal; Ctrl-C stops it, and open runs go on at the next start.')
    .option('-p, --prompt <text>', 'run this request, print the code and stop what was started')
    .option('--json', 'print the run of --prompt as JSON')
    .addOption(
      new Option('--role <role>', 'what this process does on a larger installation')
        .choices(['all', 'api', 'workers'])
        .default('all'),
    )
    .addHelpText('before', EXAMPLES)
    .action(async (options: UpOptions) => context.setExitCode(await up(context, options)));
}

async function up(context: CommandContext, options: UpOptions): Promise<number> {
  const { settings } = requireSettings(context);
  const client = createApiClient(toApiUrl(settings));
  const service = options.role === 'workers' ? undefined : await client.findService();
  const isRunning = service !== undefined;
  if (service) noteForeignState(context, service, settings);
  const { prompt } = options;
  if (prompt !== undefined) {
    if (isRunning) return runPromptOnService(context, client, { ...options, prompt }, settings);
    return runPromptOnOwn(context, { ...options, prompt }, settings);
  }
  if (isRunning) {
    context.terminal.note(`Hydra runs already: ${client.url}. Stop it with: hydra down`);
    return EXIT.done;
  }
  return serve(context, options.role, settings);
}

/** Another folder's Hydra may hold the port: then its settings and its runs are the ones that count. */
function noteForeignState({ terminal }: CommandContext, { parts }: WireHealth, { home }: Settings): void {
  const memory = parts.find((part) => part.name === 'memory')?.detail;
  if (memory === undefined || memory.startsWith(home)) return;
  terminal.note(`It is not the Hydra of ${home}: its state is ${memory}. For one of your own set HYDRA_API_PORT.`);
}

async function serve(context: CommandContext, role: UpOptions['role'], settings: Settings): Promise<number> {
  const { terminal } = context;
  const interrupts = catchInterrupts(() => {
    terminal.note('\nStopping; open runs go on at the next start. Ctrl-C again stops at once.');
  });
  try {
    let exitCode: number = EXIT.interrupted;
    await startHydra(context, settings, role, interrupts.signal, ({ apiUrl, webUiUrl }) => {
      // It has served: from now on, ending is what a service is told to do.
      exitCode = EXIT.done;
      if (apiUrl !== '') terminal.print(`API              ${apiUrl}`);
      if (webUiUrl !== null) terminal.print(`Temporal Web UI  ${webUiUrl}`);
      const hint = 'Ask it: hydra generate "Create a Python function to calculate fibonacci numbers"';
      terminal.note(
        apiUrl === '' ? 'Hydra is ready: these workers serve the API of another process.' : `Hydra is ready. ${hint}`,
      );
    });
    return exitCode;
  } finally {
    interrupts.release();
  }
}

type PromptOptions = UpOptions & { readonly prompt: string };

async function runPromptOnService(
  context: CommandContext,
  client: ApiClient,
  options: PromptOptions,
  settings: Settings,
): Promise<number> {
  context.terminal.note(`Hydra runs at ${client.url}; it is used.`);
  let runId: string | undefined;
  const interrupts = catchInterrupts(() => context.terminal.note(describeDetaching(runId)));
  try {
    return await runPrompt(context, client, options, { settings, interrupts, onAccepted: (id) => (runId = id) });
  } finally {
    interrupts.release();
  }
}

/** Starts Hydra in this process, runs the request through it and stops it again. */
async function runPromptOnOwn(context: CommandContext, options: PromptOptions, settings: Settings): Promise<number> {
  const stop = new AbortController();
  let runId: string | undefined;
  const interrupts = catchInterrupts(() => {
    const fate = runId === undefined ? 'nothing was asked of it yet' : `run ${runId} goes on at the next start`;
    context.terminal.note(`\nStopping Hydra; ${fate}. Ctrl-C again stops at once.`);
    stop.abort();
  });
  let hydra: Promise<void> = Promise.resolve();
  try {
    const addresses = await new Promise<Addresses | undefined>((resolve, reject) => {
      hydra = startHydra(context, settings, 'all', stop.signal, resolve);
      hydra.then(() => resolve(undefined), reject);
    });
    if (addresses === undefined || interrupts.signal.aborted) return EXIT.interrupted;
    const own = createApiClient(addresses.apiUrl);
    return await runPrompt(context, own, options, { settings, interrupts, onAccepted: (id) => (runId = id) });
  } finally {
    stop.abort();
    await hydra;
    interrupts.release();
  }
}

function runPrompt(
  { terminal }: CommandContext,
  client: ApiClient,
  options: PromptOptions,
  { settings, ...watched }: { readonly settings: Settings } & Pick<RunRequestOptions, 'interrupts' | 'onAccepted'>,
): Promise<number> {
  return runRequest(
    client,
    terminal,
    { prompt: options.prompt },
    {
      json: options.json ?? false,
      showsText: false,
      resultsFolder: join(settings.home, 'results'),
      ...watched,
    },
  );
}

/** Returns at once when the signal comes while the service is being loaded. */
async function startHydra(
  context: CommandContext,
  settings: Settings,
  role: UpOptions['role'],
  signal: AbortSignal,
  onReady: (addresses: Addresses) => void,
): Promise<void> {
  const { terminal, version } = context;
  terminal.note('Starting Hydra.');
  let endClock = showElapsed(terminal, 'Starting');
  const showStopping = () => {
    endClock();
    endClock = showElapsed(terminal, 'Stopping');
  };
  signal.addEventListener('abort', showStopping);
  try {
    const service = await loadService(signal);
    if (service === undefined) return;
    const programs = await service.readPrograms(settings);
    const report = (sentence: string) => terminal.note(terminal.noteColors.dim(sentence));
    const showReady = (addresses: Addresses) => {
      endClock();
      onReady(addresses);
    };
    const readVariable = createVariableReader(context);
    await service.runHydra({
      settings,
      programs,
      role,
      version,
      readVariable,
      onReady: showReady,
      report,
      signal,
    });
  } finally {
    signal.removeEventListener('abort', showStopping);
    endClock();
  }
}

/** Loaded only here: the service's parts take a second to load, and other commands need none of them. */
async function loadService(signal: AbortSignal) {
  try {
    const [{ runHydra }, { readPrograms }] = await Promise.all([
      import('../../workers/run-hydra.ts'),
      import('../../workers/programs.ts'),
    ]);
    return signal.aborted ? undefined : { runHydra, readPrograms };
  } catch (error) {
    // The terminal's Ctrl-C ends the compiler that loads TypeScript, too.
    if (signal.aborted) return undefined;
    throw error;
  }
}
