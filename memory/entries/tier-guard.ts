import {
  afterFailedPing,
  afterFailure,
  afterPing,
  afterSuccess,
  beginTrial,
  CLOSED_BREAKER,
  isTrialDue,
  type Breaker,
} from './breaker.ts';
import { withinDeadline, type Deadline } from './within-deadline.ts';

/** What came of asking a tier. A tier that rests, fails or takes too long has not answered; that is no error. */
export type Attempt<Value> = { readonly isAnswered: true; readonly value: Value } | { readonly isAnswered: false };

/** What is known of a tier. */
export interface TierSight {
  readonly isUp: boolean;
  /** Why it is not up, or is up and not used; empty when all is well. */
  readonly reason: string;
  /** Of the last call that was answered, in milliseconds. */
  readonly latencyMs: number | null;
}

/** Stands between Hydra and a tier that may be away, slow or wrong. */
export interface TierGuard {
  /** Asks within the deadline, or not at all while the tier rests. Never rejects. */
  attempt<Value>(work: (deadline: Deadline) => Promise<Value>, deadlineMs?: number): Promise<Attempt<Value>>;
  /** Pings now, resting or not, for people who want to know. */
  look(): Promise<TierSight>;
}

export interface TierGuardOptions {
  /** What people call the tier. */
  readonly name: string;
  readonly ping: (signal: AbortSignal) => Promise<void>;
  /** For calls that name none, and for pings. */
  readonly deadlineMs: number;
  readonly report: (sentence: string) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsedMs?: () => number;
}

/** What people wait for when they look; a tier that needs longer is not up for anybody. */
const LOOK_DEADLINE_MS = 1_000;

/** A guard with its own breaker. It is told of changes in words, once each. */
export function createTierGuard(options: TierGuardOptions): TierGuard {
  return new Guard(options);
}

class Guard implements TierGuard {
  readonly #options: TierGuardOptions;
  readonly #elapsedMs: () => number;
  #breaker: Breaker = CLOSED_BREAKER;
  #latencyMs: number | null = null;
  #reason = '';

  constructor(options: TierGuardOptions) {
    this.#options = options;
    this.#elapsedMs = options.elapsedMs ?? (() => performance.now());
  }

  async attempt<Value>(
    work: (deadline: Deadline) => Promise<Value>,
    deadlineMs = this.#options.deadlineMs,
  ): Promise<Attempt<Value>> {
    // Nobody waits for the ping that ends a rest: this call does without the tier.
    if (isTrialDue(this.#breaker, this.#elapsedMs())) void this.#try();
    if (this.#breaker.state !== 'closed') return { isAnswered: false };
    try {
      const value = await this.#measure(work, deadlineMs);
      this.#become(afterSuccess(this.#breaker));
      return { isAnswered: true, value };
    } catch (error) {
      this.#reason = (error as Error).message;
      this.#become(afterFailure(this.#breaker, this.#elapsedMs()));
      return { isAnswered: false };
    }
  }

  async look(): Promise<TierSight> {
    const isUp = await this.#ping(LOOK_DEADLINE_MS);
    return { isUp, reason: isUp && !this.#isSlow() ? '' : this.#reason, latencyMs: this.#latencyMs };
  }

  async #try(): Promise<void> {
    this.#become(beginTrial(this.#breaker));
    await this.#ping(this.#options.deadlineMs);
  }

  async #ping(deadlineMs: number): Promise<boolean> {
    try {
      await this.#measure(({ signal }) => this.#options.ping(signal), deadlineMs);
    } catch (error) {
      this.#reason = (error as Error).message;
      this.#become(afterFailedPing(this.#breaker, this.#elapsedMs()));
      return false;
    }
    if (this.#isSlow())
      this.#reason = `It answers after ${Math.round(this.#latencyMs ?? 0)} ms, which is too late to be used.`;
    else this.#become(afterPing(this.#breaker));
    return true;
  }

  /** Up for those who look, and of no use to those who read. */
  #isSlow(): boolean {
    return (this.#latencyMs ?? 0) > this.#options.deadlineMs;
  }

  async #measure<Value>(work: (deadline: Deadline) => Promise<Value>, deadlineMs: number): Promise<Value> {
    const startedAt = this.#elapsedMs();
    const value = await withinDeadline(work, deadlineMs);
    this.#latencyMs = this.#elapsedMs() - startedAt;
    return value;
  }

  #become(breaker: Breaker): void {
    const { name, report } = this.#options;
    const [before, after] = [this.#breaker.state, breaker.state];
    this.#breaker = breaker;
    if (before === 'closed' && after === 'open') report(`${name} is left out for now. ${this.#reason}`);
    if (before !== 'closed' && after === 'closed') report(`${name} is used again.`);
  }
}
