import { setFlagsFromString } from 'node:v8';
import type { VerifyDependencies } from '../activities/dependencies.ts';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import { createEventWriter } from '../memory/event-writer.ts';
import type { RunnerChoice } from '../sandbox/runner-choice.ts';
import { connectWorker } from './connect-temporal.ts';
import { createLog } from './create-log.ts';
import { installRuntime } from './install-runtime.ts';
import { countSandboxRuns } from './metrics/count-sandbox-runs.ts';
import { countSteps } from './metrics/count-steps.ts';
import { createProcessMetrics, type ProcessMetrics } from './metrics/process-metrics.ts';
import { openRecord } from './open-record.ts';
import type { RunnerName, VerifyAnswer, VerifyOrder } from './verify-process-messages.ts';
import { startVerifyWorker } from './verify-worker.ts';

/** What programs are checked with. */
export interface VerifyMeans {
  readonly createRunner: (settings: Settings) => Promise<RunnerChoice>;
  readonly tools: VerifyDependencies['tools'];
}

/** When Hydra is gone, a verification may end in this time; most do, and their results reach Temporal. */
const ORPHAN_GRACE_MS = 2_000;

/**
 * Serves the queue `verify` in this process, for the Hydra that forked it, until that says `stop`, ends or is killed. SIGTERM
 * stops too, as a service manager sends it to every process; a second one ends at once.
 */
export async function serveVerify(means: VerifyMeans): Promise<never> {
  const metrics = createProcessMetrics('verify');
  const parent = listenToParent(async () => (await metrics).readText());
  const started: (() => Promise<void>)[] = [];
  try {
    const settings = await parent.settings;
    const runner = await start({ settings, metrics: await metrics, means, onDeath: parent.fail }, started);
    await tell({ kind: 'ready', runner });
    await parent.stopped;
  } catch (error) {
    const type = error instanceof SynthesisFailure ? error.type : 'InvariantBroken';
    await tell({ kind: 'failed', type, message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
  for (const stop of started.toReversed()) await stop().catch((error: unknown) => console.error(error));
  return process.exit();
}

interface Parent {
  readonly settings: Promise<Settings>;
  /** Rejects when a worker has died. */
  readonly stopped: Promise<void>;
  readonly fail: (error: unknown) => void;
}

function listenToParent(measure: () => Promise<string>): Parent {
  const stopping = new AbortController();
  let fail = (_error: unknown): void => {};
  const stopped = new Promise<void>((resolve, reject) => {
    fail = reject;
    stopping.signal.addEventListener('abort', () => resolve());
  });
  // It may fail before anyone waits for it.
  stopped.catch(() => {});
  const settings = new Promise<Settings>((resolve) => {
    process.on('message', (order: VerifyOrder) => {
      if (order.kind === 'start') resolve(order.settings);
      else if (order.kind === 'stop') stopping.abort();
      else void measure().then((text) => tell({ kind: 'measured', text }));
    });
  });
  process.once('disconnect', () => {
    stopping.abort();
    setTimeout(() => process.exit(1), ORPHAN_GRACE_MS);
  });
  process.once('SIGTERM', () => {
    process.once('SIGTERM', () => process.exit(1));
    stopping.abort();
  });
  return { settings, stopped, fail };
}

interface StartOptions {
  readonly settings: Settings;
  readonly metrics: ProcessMetrics;
  readonly means: VerifyMeans;
  readonly onDeath: (error: unknown) => void;
}

/** What is started goes into `started`, to be stopped in the opposite order. */
async function start(
  { settings, metrics, means, onDeath }: StartOptions,
  started: (() => Promise<void>)[],
): Promise<RunnerName> {
  // As in the main process: the parsers and linters in WebAssembly gain nothing from being optimized.
  setFlagsFromString('--liftoff-only');
  installRuntime(createLog(settings), settings.logLevel, metrics.sdk.telemetry);
  const opened = await openRecord(settings);
  started.push(() => opened.close());
  const memory = { ...opened, steps: countSteps(opened.steps, metrics.registry) };
  const events = createEventWriter(memory.events);
  started.push(() => events.close());
  const [made, connection] = await Promise.all([means.createRunner(settings), connectWorker(settings)]);
  const runner = made.kind === 'runner' ? countSandboxRuns(made.runner, metrics.registry) : null;
  started.push(async () => runner?.close());
  started.push(() => connection.close());
  const place = {
    connection,
    namespace: settings.temporal.namespace,
    graceMs: settings.timeouts.shutdownGraceMs,
    onDeath,
  };
  const noRunnerReason = made.kind === 'none' ? made.reason : '';
  const worker = await startVerifyWorker(place, {
    memory,
    events,
    settings,
    runner,
    noRunnerReason,
    tools: means.tools,
  });
  started.push(() => worker.stop());
  return runner && { name: runner.description.name, version: runner.description.version };
}

/** Resolves when the parent has it, or is gone. */
function tell(answer: VerifyAnswer): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(answer, undefined, undefined, () => resolve());
    else resolve();
  });
}
