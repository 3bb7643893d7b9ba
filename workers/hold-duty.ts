import { setTimeout as delay } from 'node:timers/promises';
import type { Duty } from './duty.ts';

/** What the holder of a duty does. */
export interface DutyWork {
  /** Called at every renewal. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export interface HoldDutyOptions<Work extends DutyWork> {
  readonly duty: Duty;
  /** What cannot be done while it fails, for people, such as `The fleet could not be looked after`. */
  readonly complaint: string;
  /** Begins the work. The signal: it is wanted no more, and may come back unfinished; it is closed then. */
  readonly begin: (signal: AbortSignal) => Promise<Work>;
  /** Time between two renewals. */
  readonly tickMs: number;
  readonly report: (sentence: string) => void;
  /** Called before the work is closed because another process has the duty. */
  readonly onLost?: () => void;
}

/** This process among those that want the duty: it does the work, or stands by. */
export interface DutyHolder<Work extends DutyWork> {
  /** Resolves when this process first does the work, or knows that another one has the duty. */
  readonly settled: Promise<void>;
  /** The work, while the duty is certainly ours. */
  work(): Work | null;
  stop(): Promise<void>;
}

/** After work that could not begin, the others that stand by get this many chances to take the duty. */
const TICKS_OF_REST = 3;

/**
 * Takes the duty whenever it is free and does its work until another process has it.
 * Invariants: 1. There is one work at most. 2. One begins or ends at a time.
 */
export function holdDuty<Work extends DutyWork>(options: HoldDutyOptions<Work>): DutyHolder<Work> {
  return new Holder(options);
}

class Holder<Work extends DutyWork> implements DutyHolder<Work> {
  readonly settled: Promise<void>;
  readonly #options: HoldDutyOptions<Work>;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;
  #markSettled = (): void => {};
  #work: Work | null = null;

  constructor(options: HoldDutyOptions<Work>) {
    this.#options = options;
    this.settled = new Promise((resolve) => {
      this.#markSettled = resolve;
    });
    this.#loop = this.#run();
  }

  work(): Work | null {
    return this.#options.duty.isHeld() ? this.#work : null;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#end();
    await this.#options.duty.release();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { tickMs, report, complaint } = this.#options;
    let lastProblem = '';
    while (!signal.aborted) {
      const problem = await this.#tick().then(() => '', String);
      // While a store is away, every tick fails in the same way.
      if (problem !== '' && problem !== lastProblem) report(`${complaint}: ${problem}`);
      lastProblem = problem;
      await delay(tickMs, undefined, { signal }).catch(() => {});
    }
  }

  async #tick(): Promise<void> {
    const { duty, onLost } = this.#options;
    const isMine = await duty.renew();
    if (!isMine && this.#work) {
      onLost?.();
      await this.#end();
    }
    if (isMine && !this.#work) await this.#begin();
    await this.#work?.look();
    this.#markSettled();
  }

  /** To begin may take longer than a lease lasts. One that cannot begin must not keep others from it. */
  async #begin(): Promise<void> {
    const { duty, begin, tickMs } = this.#options;
    const lost = new AbortController();
    const { signal } = this.#stopping;
    const renewal = setInterval(() => void duty.renew().then((isMine) => isMine || lost.abort()), tickMs);
    try {
      this.#work = await begin(AbortSignal.any([signal, lost.signal])).finally(() => clearInterval(renewal));
    } catch (error) {
      await duty.release();
      await delay(TICKS_OF_REST * tickMs, undefined, { signal }).catch(() => {});
      throw error;
    }
  }

  async #end(): Promise<void> {
    const work = this.#work;
    this.#work = null;
    await work?.close();
  }
}
