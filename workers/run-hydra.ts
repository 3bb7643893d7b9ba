import { setFlagsFromString } from 'node:v8';
import { makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createRunReconciler } from '../api/reconcile-runs.ts';
import { collectFleetModels } from '../api/reports.ts';
import { startServer, type RunningServer } from '../api/server.ts';
import { createTemporalRunGateway } from '../api/temporal-run-gateway.ts';
import { chooseRoles } from '../activities/choose-models.ts';
import type { StoreDependencies } from '../activities/dependencies.ts';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import { createEventWriter } from '../memory/event-writer.ts';
import type { Memory } from '../memory/ports.ts';
import { openSqliteMemory } from '../memory/sqlite/open-sqlite-memory.ts';
import { createProgramRunner } from '../sandbox/create-program-runner.ts';
import { createLog, createTemporalLogger } from './create-log.ts';
import { connectTemporal, type TemporalConnections } from './connect-temporal.ts';
import { checkHealth } from './health.ts';
import type { Programs } from './programs.ts';
import { startPruning } from './prune-memory.ts';
import { readPromptsVersion } from './prompts-version.ts';
import { toRunTimeouts } from './run-timeouts.ts';
import { runWorkers } from './run-workers.ts';
import { announceService, findService, withdrawService } from './service-record.ts';
import { startPrograms } from './start-programs.ts';

export interface Addresses {
  readonly apiUrl: string;
  readonly webUiUrl: string | null;
}

export interface HydraOptions {
  readonly settings: Settings;
  readonly programs: Programs;
  /** `all`: everything in this process. The others find a Temporal that somebody else runs. */
  readonly role: 'all' | 'api' | 'workers';
  readonly version: string;
  readonly onReady: (addresses: Addresses) => void;
  /** Sentences about what is going on, for people. */
  readonly report: (sentence: string) => void;
  /** Aborted: everything is stopped in order, running work is handed back. */
  readonly signal: AbortSignal;
}

/** The options with what happens when a worker dies by itself. */
type StartOptions = HydraOptions & { readonly onDeath: (error: unknown) => void };

/** What has been started, to be stopped in the opposite order. */
type Started = (() => Promise<void>)[];

/**
 * Runs Hydra in this process until the signal.
 * Errors: SynthesisFailure for whatever keeps it from starting; everything started until then is stopped.
 */
export async function runHydra(options: HydraOptions): Promise<void> {
  const { settings, signal } = options;
  const started: Started = [];
  const ending = createEnding(signal);
  try {
    if (options.role === 'all') await refuseSecondService(settings.home);
    const addresses = await start({ ...options, onDeath: ending.fail }, started);
    options.onReady(addresses);
    await ending.reached;
  } finally {
    await stopAll(started, options.report);
  }
}

/** One that cannot be stopped keeps nothing else running, and does not hide why we stop. */
async function stopAll(started: Started, report: (sentence: string) => void): Promise<void> {
  for (const stop of started.toReversed()) {
    await stop().catch((error: unknown) => report(`Not everything could be stopped in order: ${String(error)}`));
  }
}

/** Reached by the signal, or by a worker that died: its queue is polled by nobody, and a restart mends what waiting does not. */
function createEnding(signal: AbortSignal): {
  readonly reached: Promise<void>;
  readonly fail: (error: unknown) => void;
} {
  let fail: (error: unknown) => void = () => {};
  const reached = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  // It may fail while the start is still under way, before anyone waits for it.
  reached.catch(() => {});
  return { reached, fail };
}

async function refuseSecondService(home: string): Promise<void> {
  const running = await findService(home);
  if (!running) return;
  const { pid } = running.process;
  throw new SynthesisFailure(
    'RequestRejected',
    `Hydra runs already in ${home} (process ${pid}, ${running.apiUrl}). Stop it with: hydra down`,
    { home, pid },
  );
}

async function start(options: StartOptions, started: Started): Promise<Addresses> {
  const { role } = options;
  // The parsers and linters in WebAssembly read some kilobytes at a time; optimizing them takes 350 MB and gains nothing.
  setFlagsFromString('--liftoff-only');
  const log = createLog(options.settings);
  installRuntime(log, options.settings.logLevel);
  const memory = await openSqliteMemory({ folder: options.settings.home });
  started.push(() => memory.close());
  const events = createEventWriter(memory.events);
  started.push(() => events.close());
  const stopPruning = startPruning(memory, options.settings.temporal.dev?.retention_days ?? RETENTION_DAYS, log);
  started.push(async () => stopPruning());
  const { settings, webUiUrl } = await startOwnPrograms(options, started);
  const temporal = await connectTemporal(settings);
  started.push(() => temporal.close());
  const deps: StoreDependencies = { memory, events, settings, promptsVersion: await readPromptsVersion() };
  const runner = role === 'api' ? undefined : await startWorkers(options, deps, temporal, started);
  if (role === 'workers') return { apiUrl: '', webUiUrl };
  const server = await startApi(options, { ...deps, log, temporal, runner }, started);
  if (role === 'all') {
    await announceService(settings.home, { apiUrl: server.url, webUiUrl });
    started.push(async () => withdrawService(settings.home));
  }
  return { apiUrl: server.url, webUiUrl };
}

/** We decide when to stop, in which order; the SDK's own signal handlers would end workers before the API has drained. */
function installRuntime(log: Logger, level: Settings['logLevel']): void {
  Runtime.install({
    shutdownSignals: [],
    logger: createTemporalLogger(log, level),
    // The native core has a log of its own; without this it writes into the user's terminal.
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
}

async function startOwnPrograms(
  options: HydraOptions,
  started: Started,
): Promise<{ settings: Settings; webUiUrl: string | null }> {
  if (options.role !== 'all') return { settings: options.settings, webUiUrl: null };
  const own = await startPrograms(options.settings, options.programs, options.report);
  started.push(() => own.stop());
  return own;
}

type RunnerName = { readonly name: string; readonly version: string } | null;

async function startWorkers(
  { report, onDeath }: StartOptions,
  deps: StoreDependencies,
  temporal: TemporalConnections,
  started: Started,
): Promise<RunnerName> {
  const { settings } = deps;
  const made = await createProgramRunner({ choice: settings.sandbox.runner, cacheFolder: settings.cache });
  const runner = made.kind === 'runner' ? made.runner : null;
  if (runner) started.push(() => runner.close());
  const workers = await runWorkers({
    place: {
      connection: temporal.nativeConnection,
      namespace: temporal.namespace,
      graceMs: settings.timeouts.shutdownGraceMs,
      onDeath,
    },
    deps,
    runner,
    noRunnerReason: made.kind === 'none' ? made.reason : '',
    report,
  });
  started.push(() => workers.stop());
  await reportFleet(deps, report);
  return runner?.description ?? null;
}

interface ApiParts extends StoreDependencies {
  readonly log: Logger;
  readonly temporal: TemporalConnections;
  readonly runner: RunnerName | undefined;
}

async function startApi(options: HydraOptions, parts: ApiParts, started: Started): Promise<RunningServer> {
  const { settings, memory, log, temporal, runner } = parts;
  const runs = createTemporalRunGateway({ client: temporal.client, timeouts: toRunTimeouts(settings) });
  const reportError = (error: unknown): void => log.error({ err: error }, 'unexpected');
  const reconciler = createRunReconciler({ memory, runs, intervalMs: RECONCILE_MS, reportError });
  reconciler.start();
  started.push(() => reconciler.stop());
  const server = await startServer({
    memory,
    runs,
    settings: { ...settings.api, ...settings.defaults },
    version: options.version,
    port: settings.api.port,
    shutdownGraceMs: settings.timeouts.shutdownGraceMs,
    nodes: () => memory.nodeSnapshots.read(),
    models: () => reportModels(memory, settings),
    health: () =>
      checkHealth({
        memory,
        connection: temporal.connection,
        temporalAddress: settings.temporal.address,
        namespace: temporal.namespace,
        runner,
      }),
    reportError,
  });
  started.push(() => server.stop());
  return server;
}

/** Runs are kept as long as their histories on our own server; for another server, as long as that would. */
const RETENTION_DAYS = 30;

/** Runs that ended while no process of ours was there are found within this time. */
const RECONCILE_MS = 60_000;

async function reportModels(memory: Memory, settings: Settings) {
  const nodes = await memory.nodeSnapshots.read();
  const { light, heavy, workers } = chooseRoles(nodes, settings);
  return { roles: { light: [light], heavy: [heavy], workers }, models: collectFleetModels(nodes) };
}

/** Says at the start what would otherwise surprise later: hosts that are down, and models that stand in for others. */
async function reportFleet({ memory, settings }: StoreDependencies, report: (sentence: string) => void): Promise<void> {
  const nodes = await memory.nodeSnapshots.read();
  for (const node of nodes.filter(({ state }) => state !== 'up'))
    report(`${node.id} (${node.url}) is ${node.state}: ${node.problem}`);
  if (nodes.some(({ models }) => models.length > 0)) chooseRoles(nodes, settings).substitutions.forEach(report);
  else report('No Ollama host has shown a model yet; runs wait for one. See: hydra doctor');
}
