import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import type { RunnerName, VerifyAnswer, VerifyOrder } from './verify-process-messages.ts';

/** A verify process that serves its queue. */
export interface LaunchedVerify {
  readonly pid: number;
  readonly runner: RunnerName;
  readonly startedAtMs: number;
  /** Settles, never rejects, when it has ended. */
  readonly ended: Promise<unknown>;
  /** What it has counted and measured, as Prometheus text; empty when it does not answer in time. */
  readMetrics(): Promise<string>;
  /** Tells it to take no more and to end. */
  stop(): void;
  kill(): void;
}

export interface VerifyLaunch {
  readonly settings: Settings;
  /** Module that calls `serveVerify`, and its arguments. Absent: Hydra's own. */
  readonly program?: { readonly path: string; readonly arguments: readonly string[] };
}

const MAIN = fileURLToPath(new URL('verify-process-main.ts', import.meta.url));
/** Two sandboxes are tried out; a Pyodide without its snapshot takes 10 s on a busy machine, Temporal may take 60 s to come. */
const READY_LIMIT_MS = 90_000;
/** It answers from memory; one that is frozen or gone must not keep its parent's own numbers back. */
const MEASURE_LIMIT_MS = 2_000;
/** What a verification allocates lives shortly or for good: a small nursery costs nothing and saves 30 MB of this process. */
const SMALL_HEAP = '--max-semi-space-size=2';

/** Starts one and waits until it is ready. Errors: what keeps it from starting, as SynthesisFailure. */
export async function launchVerify(launch: VerifyLaunch, signal: AbortSignal): Promise<LaunchedVerify> {
  const child = forkVerify(launch);
  const ended = once(child, 'exit').catch(() => {});
  const kill = (): void => void child.kill('SIGKILL');
  const tell = (order: VerifyOrder): void => void (child.connected && child.send(order, () => {}));
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_LIMIT_MS)]);
  limit.addEventListener('abort', kill);
  try {
    tell({ kind: 'start', settings: launch.settings });
    const runner = await untilReady(child, ended);
    return {
      pid: child.pid ?? 0,
      runner,
      startedAtMs: Date.now(),
      ended,
      readMetrics: () => readMetrics(child, () => tell({ kind: 'measure' })),
      stop: () => tell({ kind: 'stop' }),
      kill,
    };
  } catch (error) {
    kill();
    throw error;
  } finally {
    limit.removeEventListener('abort', kill);
  }
}

/** In a process group of its own: Ctrl-C in our terminal is ours to pass on. */
function forkVerify({ settings, program = { path: MAIN, arguments: [] } }: VerifyLaunch): ChildProcess {
  const logs = join(settings.home, 'logs');
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, 'verify.log'), 'a');
  const typescript = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  try {
    return fork(program.path, [...program.arguments], {
      detached: true,
      execArgv: [SMALL_HEAP, '--import', typescript],
      // Settings hold certificates as bytes.
      serialization: 'advanced',
      stdio: ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

async function untilReady(child: ChildProcess, ended: Promise<unknown>): Promise<RunnerName> {
  const answered = once(child, 'message') as Promise<[VerifyAnswer]>;
  const answer = await Promise.race([answered.then(([first]) => first), ended.then(() => null)]);
  if (answer?.kind === 'ready') return answer.runner;
  const failed = answer?.kind === 'failed' ? answer : null;
  const message = failed?.message ?? 'it ended at once, or was not ready in time; see logs/verify.log';
  throw new SynthesisFailure(failed?.type ?? 'InvariantBroken', `The verify process did not start: ${message}`, {});
}

/** Once it is ready it answers nothing else. */
async function readMetrics(child: ChildProcess, ask: () => void): Promise<string> {
  try {
    const answered = once(child, 'message', { signal: AbortSignal.timeout(MEASURE_LIMIT_MS) });
    ask();
    const [answer] = (await answered) as [VerifyAnswer];
    return answer.kind === 'measured' ? answer.text : '';
  } catch {
    return '';
  }
}
