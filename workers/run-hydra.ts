import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { createRunReconciler } from '../api/reconcile-runs.ts';
import { collectFleetModels } from '../api/reports.ts';
import { startMetricsServer } from '../api/metrics-server.ts';
import { startServer, type RunningServer } from '../api/server.ts';
import { createTemporalPullGateway } from '../api/temporal-pull-gateway.ts';
import { createTemporalRunGateway } from '../api/temporal-run-gateway.ts';
import { chooseRoles } from '../activities/choose-models.ts';
import type { RememberingDependencies } from '../activities/dependencies.ts';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import { createEventWriter } from '../memory/event-writer.ts';
import type { Memory } from '../memory/ports.ts';
import { checkPorts } from './check-ports.ts';
import { createLog } from './create-log.ts';
import { connectTemporal, type TemporalConnections } from './connect-temporal.ts';
import { checkHealth } from './health.ts';
import { installRuntime } from './install-runtime.ts';
import { countSteps } from './metrics/count-steps.ts';
import { createMemoryAccess, toEntryRetention } from './memory-access.ts';
import { addMemoryMetrics } from './metrics/memory-metrics.ts';
import { createProcessMetrics, type ProcessMetrics } from './metrics/process-metrics.ts';
import { addStoreMetrics } from './metrics/store-metrics.ts';
import { openEntries } from './open-entries.ts';
import { openRecord } from './open-record.ts';
import type { Programs } from './programs.ts';
import { startPruning } from './prune-memory.ts';
import { readPromptsVersion } from './prompts-version.ts';
import { describeFleet, listRoles } from './report-fleet.ts';
import { toRunTimeouts } from './run-timeouts.ts';
import { runWorkers } from './run-workers.ts';
import { announceService, findService, withdrawService } from './service-record.ts';
import { startPrograms } from './start-programs.ts';
import { startVerifyProcess, type VerifyProcess } from './verify-process.ts';

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
  /** The text of an environment variable, wherever settings come from. */
  readonly readVariable: (name: string) => string | undefined;
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
    await checkPorts(settings, options.programs, options.role);
    const addresses = await start({ ...options, onDeath: ending.fail }, started);
    signal.throwIfAborted();
    options.onReady(addresses);
    await ending.reached;
  } catch (error) {
    // A start that was given up has failed for no other reason.
    if (!signal.aborted) throw error;
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
  const metrics = await createProcessMetrics('main');
  installRuntime(log, options.settings.logLevel, metrics.sdk.telemetry);
  const opened = await openRecord(options.settings);
  started.push(() => opened.close());
  const memory = { ...opened, steps: countSteps(opened.steps, metrics.registry) };
  const events = createEventWriter(memory.events);
  started.push(() => events.close());
  const verifying = role === 'api' ? undefined : startVerifying(options, started);
  const { settings, webUiUrl } = await startOwnPrograms(options, started);
  const temporal = await connectTemporal(settings, { signal: options.signal });
  started.push(() => temporal.close());
  const { readVariable, report } = options;
  const remembering = await openEntries({ settings, memory, readVariable, report });
  started.push(() => remembering.close());
  const { entries } = remembering;
  const runDays = settings.temporal.dev?.retention_days ?? RETENTION_DAYS;
  const entryRetention = () => toEntryRetention(settings.memory);
  const stopPruning = startPruning({ memory, entries, runDays, entryRetention, log });
  started.push(async () => stopPruning());
  const promptsVersion = await readPromptsVersion();
  const deps: RememberingDependencies = { memory, entries, events, settings, promptsVersion };
  const verify = verifying && (await startWorkers({ ...options, metrics }, deps, temporal, verifying, started));
  const readMetrics = async () => metrics.readText(verify && [await verify.readMetrics()]);
  if (role === 'workers') {
    await startMetrics(settings, readMetrics, started);
    return { apiUrl: '', webUiUrl };
  }
  addStoreMetrics(metrics.registry, memory);
  addMemoryMetrics(metrics.registry, entries);
  const server = await startApi(options, { ...deps, log, temporal, verify, readMetrics }, started);
  if (role === 'all') {
    await announceService(settings.home, { apiUrl: server.url, webUiUrl });
    started.push(async () => withdrawService(settings.home));
  }
  return { apiUrl: server.url, webUiUrl };
}

/** Starts the process that verifies before Temporal, whose address is known: it loads and tries its sandboxes meanwhile. */
function startVerifying({ settings, report, signal }: StartOptions, started: Started): Promise<VerifyProcess> {
  const stopping = new AbortController();
  const verify = startVerifyProcess({ settings, report, signal: AbortSignal.any([signal, stopping.signal]) });
  // It may fail before anyone waits for it.
  verify.catch(() => {});
  started.push(async () => {
    stopping.abort();
    await verify.then(
      (running) => running.stop(),
      () => {},
    );
  });
  return verify;
}

async function startOwnPrograms(
  options: HydraOptions,
  started: Started,
): Promise<{ settings: Settings; webUiUrl: string | null }> {
  if (options.role !== 'all') return { settings: options.settings, webUiUrl: null };
  const own = await startPrograms(options);
  started.push(() => own.stop());
  return own;
}

/** A process without the API shows its metrics on a port of their own, where one is set. */
async function startMetrics(settings: Settings, metrics: () => Promise<string>, started: Started): Promise<void> {
  const { metricsPort: port, api, timeouts } = settings;
  if (port === undefined) return;
  const server = await startMetricsServer({ ...api, ...timeouts, port, metrics });
  started.push(() => server.stop());
}

async function startWorkers(
  { report, onDeath, programs, signal, readVariable, metrics }: StartOptions & { readonly metrics: ProcessMetrics },
  deps: RememberingDependencies,
  temporal: TemporalConnections,
  verify: Promise<VerifyProcess>,
  started: Started,
): Promise<VerifyProcess> {
  const { settings } = deps;
  const workers = await runWorkers({
    place: {
      connection: temporal.nativeConnection,
      namespace: temporal.namespace,
      graceMs: settings.timeouts.shutdownGraceMs,
      onDeath,
    },
    deps,
    verify,
    readVariable,
    registry: metrics.registry,
    report,
    signal,
  });
  started.push(() => workers.stop());
  describeFleet(await deps.memory.nodeSnapshots.read(), settings, programs).forEach(report);
  return verify;
}

interface ApiParts extends RememberingDependencies {
  readonly log: Logger;
  readonly temporal: TemporalConnections;
  /** Undefined where this process does not verify. */
  readonly verify: VerifyProcess | undefined;
  readonly readMetrics: () => Promise<string>;
}

async function startApi(options: HydraOptions, parts: ApiParts, started: Started): Promise<RunningServer> {
  const { settings, memory, entries, log, temporal, verify } = parts;
  const runs = createTemporalRunGateway({ client: temporal.client, timeouts: toRunTimeouts(settings) });
  const reportError = (error: unknown): void => log.error({ err: error }, 'unexpected');
  const reconciler = createRunReconciler({ memory, runs, intervalMs: RECONCILE_MS, reportError });
  reconciler.start();
  started.push(() => reconciler.stop());
  const server = await startServer({
    memory,
    ...createMemoryAccess(entries, settings.memory),
    runs,
    pulls: createTemporalPullGateway({ client: temporal.client, heartbeatMs: settings.timeouts.heartbeatMs }),
    settings: { ...settings.api, ...settings.defaults, nodeSlots: settings.nodeSlots },
    version: options.version,
    port: settings.api.port,
    shutdownGraceMs: settings.timeouts.shutdownGraceMs,
    nodes: () => memory.nodeSnapshots.read(),
    models: () => reportModels(memory, settings),
    health: () =>
      checkHealth({
        memory,
        entries,
        connection: temporal.connection,
        temporalAddress: settings.temporal.address,
        namespace: temporal.namespace,
        verify,
      }),
    metrics: parts.readMetrics,
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
  const roles = chooseRoles(nodes, settings);
  return { roles: listRoles(roles), models: collectFleetModels(nodes), missing: roles.missing };
}
