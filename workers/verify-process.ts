import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { launchVerify, type LaunchedVerify, type VerifyLaunch } from './launch-verify.ts';
import type { RunnerName } from './verify-process-messages.ts';

/**
 * The process that verifies, looked after: when it ends by itself it is started again, and Temporal gives its work to the next.
 * It is apart because starting a process halts the starter for as long as the system copies its page tables: 45 ms in the main
 * process under load, and every candidate starts several.
 */
export interface VerifyProcess {
  /** Null between its end and the next start. */
  readonly pid: number | null;
  /** The sandbox of the last one that was ready. */
  readonly runner: RunnerName;
  /** What it has counted and measured since its start, as Prometheus text; empty while there is none. */
  readMetrics(): Promise<string>;
  /** Lets running verifications end; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface VerifyProcessOptions extends VerifyLaunch {
  /** Told in a sentence what happens to it. */
  readonly report: (sentence: string) => void;
  /** Aborted while it is being started: it is ended again. */
  readonly signal?: AbortSignal;
}

/** Before the first restart; doubled with each one that fails. */
const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 10_000;
/** One that ran for so long did not end because of how it was started. */
const STEADY_AFTER_MS = 30_000;
/** Beyond the grace time: its worker gives up a task that hangs after 10 s, and the rest ends within a second. */
const STOP_MARGIN_MS = 15_000;

/** Starts it and waits until it serves its queue. Errors: what keeps it from starting, as SynthesisFailure. */
export async function startVerifyProcess(options: VerifyProcessOptions): Promise<VerifyProcess> {
  return new Supervisor(options, await launchVerify(options, options.signal ?? new AbortController().signal));
}

/** Owns the process from its start to its end. */
class Supervisor implements VerifyProcess {
  readonly #options: VerifyProcessOptions;
  readonly #stopping = new AbortController();
  readonly #supervision: Promise<void>;
  #last: LaunchedVerify;
  #isRunning = true;

  constructor(options: VerifyProcessOptions, first: LaunchedVerify) {
    this.#options = options;
    this.#last = first;
    this.#supervision = this.#supervise();
  }

  get pid(): number | null {
    return this.#isRunning ? this.#last.pid : null;
  }

  get runner(): RunnerName {
    return this.#last.runner;
  }

  async readMetrics(): Promise<string> {
    return this.#isRunning ? this.#last.readMetrics() : '';
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervision;
    if (!this.#isRunning) return;
    const last = this.#last;
    last.stop();
    const limit = setTimeout(() => last.kill(), this.#options.settings.timeouts.shutdownGraceMs + STOP_MARGIN_MS);
    await last.ended;
    this.#isRunning = false;
    clearTimeout(limit);
  }

  async #supervise(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (await this.#endsByItself()) {
      this.#isRunning = false;
      if (Date.now() - this.#last.startedAtMs > STEADY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS;
      this.#options.report(`The verify process (${this.#last.pid}) ended by itself; it is started again`);
      backoffMs = await this.#startAgain(backoffMs);
    }
  }

  /** Waits until it ends or we are to stop; false in the latter case. */
  async #endsByItself(): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    const settled = new AbortController();
    await Promise.race([this.#last.ended, once(signal, 'abort', { signal: settled.signal }).catch(() => {})]);
    settled.abort();
    return !signal.aborted;
  }

  /** Tries until it serves or we are to stop. Returns the back-off for the next time. */
  async #startAgain(firstBackoffMs: number): Promise<number> {
    const { signal } = this.#stopping;
    let backoffMs = firstBackoffMs;
    while (!signal.aborted) {
      await delay(backoffMs, undefined, { signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      if (await this.#tryToStart()) break;
    }
    return backoffMs;
  }

  async #tryToStart(): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    try {
      this.#last = await launchVerify(this.#options, signal);
      this.#isRunning = true;
      this.#options.report(`Programs are verified again, by process ${this.#last.pid}`);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#options.report(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
