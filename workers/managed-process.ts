import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, killChildren } from './end-process.ts';
import { launchProcess, type LaunchedProcess } from './launch-process.ts';
import type { ManagedProcessOptions, ProcessRelation } from './managed-process-options.ts';
import { removeProcessRecord } from './process-record.ts';
import { takeOverProcess } from './take-over-process.ts';

/** A server that is looked after: when it ends by itself it is started again. */
export interface ManagedProcess {
  readonly relation: ProcessRelation;
  /** The process that runs now; another after a restart. */
  readonly pid: number;
  /** Ends it, unless it is shared; resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

/** Before the first restart; doubled with each one that fails. */
const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 10_000;
/** One that ran for so long did not end because of how it was started. */
const STEADY_AFTER_MS = 30_000;

/** Path of the record of a process of this name. */
export function recordFileOf(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

/**
 * Starts a server, or takes over what an earlier Hydra left behind, and waits until it serves.
 * Errors: a failure of `failureType` when a port is taken, it ends at once or does not serve in time; the signal's reason.
 */
export async function startManagedProcess(options: ManagedProcessOptions): Promise<ManagedProcess> {
  const recordFile = recordFileOf(options.folder, options.name);
  const found = await takeOverProcess(options, recordFile);
  const first = found ?? (await launchProcess(options, recordFile, options.signal));
  return first.relation === 'shared' ? useShared(first) : new Supervisor(options, recordFile, first);
}

function useShared({ identity }: LaunchedProcess): ManagedProcess {
  return { relation: 'shared', pid: identity.pid, stop: async () => {} };
}

/** Owns a process from its start to its end. */
class Supervisor implements ManagedProcess {
  readonly relation: ProcessRelation;
  readonly #options: ManagedProcessOptions;
  readonly #recordFile: string;
  readonly #stopping = new AbortController();
  readonly #supervision: Promise<void>;
  #current: LaunchedProcess;

  constructor(options: ManagedProcessOptions, recordFile: string, first: LaunchedProcess) {
    this.relation = first.relation;
    this.#options = options;
    this.#recordFile = recordFile;
    this.#current = first;
    this.#supervision = this.#supervise();
  }

  get pid(): number {
    return this.#current.identity.pid;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervision;
    await endProcess(this.#current.identity);
    // Were we to end before Node has taken note of its child's end, the child would stay behind as a zombie.
    if (this.#current.relation === 'started') await this.#current.ended;
    removeProcessRecord(this.#recordFile);
  }

  async #supervise(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (await this.#endsByItself()) {
      if (Date.now() - this.#current.startedAtMs > STEADY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS;
      this.#options.report(`${this.#options.name} ended by itself; it is started again`);
      killChildren(this.#current.identity);
      backoffMs = await this.#startAgain(backoffMs);
    }
  }

  /** Waits until it ends or we are to stop; false in the latter case. */
  async #endsByItself(): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    const stopped = new AbortController();
    await Promise.race([this.#current.ended, once(signal, 'abort', { signal: stopped.signal }).catch(() => {})]);
    stopped.abort();
    return !signal.aborted;
  }

  /** Tries until it serves or we are to stop. Returns the back-off for the next time. */
  async #startAgain(firstBackoffMs: number): Promise<number> {
    let backoffMs = firstBackoffMs;
    while (!this.#stopping.signal.aborted) {
      await delay(backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      if (await this.#tryToStart()) break;
    }
    return backoffMs;
  }

  async #tryToStart(): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false;
    try {
      this.#current = await launchProcess(this.#options, this.#recordFile, this.#stopping.signal);
      this.#options.report(`${this.#options.name} serves again as process ${this.pid}`);
      return true;
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#options.report(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
