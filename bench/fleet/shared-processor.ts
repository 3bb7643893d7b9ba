import type { VirtualClock } from './virtual-clock.ts';

/** Work on a processor that others use too. */
export interface Job {
  /** Share of the work that is done. */
  progress(): number;
  cancel(): void;
}

interface Entry {
  remainingSeconds: number;
  readonly done: () => void;
}

/**
 * The compute of one host. Up to `lanes` jobs run at full speed; more share it evenly, as the models of one card do.
 * Invariant: the work done per second is at most `lanes` seconds of full speed.
 */
export class SharedProcessor {
  private readonly clock: VirtualClock;
  private readonly lanes: number;
  private readonly jobs = new Set<Entry>();
  private slowdown = 1;
  private updatedSeconds = 0;
  private cancelTimer: () => void = () => undefined;

  constructor(clock: VirtualClock, lanes: number) {
    this.clock = clock;
    this.lanes = lanes;
  }

  /** `seconds` at full speed. */
  start(seconds: number, done: () => void): Job {
    this.advance();
    const entry = { remainingSeconds: seconds, done };
    this.jobs.add(entry);
    this.schedule();
    return {
      progress: () => {
        this.advance();
        return seconds === 0 ? 1 : 1 - entry.remainingSeconds / seconds;
      },
      cancel: () => {
        this.advance();
        this.jobs.delete(entry);
        this.schedule();
      },
    };
  }

  /** From now on everything takes longer by this factor; Infinity stops it. */
  setSlowdown(factor: number): void {
    this.advance();
    this.slowdown = factor;
    this.schedule();
  }

  private speed(): number {
    return Math.min(1, this.lanes / Math.max(1, this.jobs.size)) / this.slowdown;
  }

  private advance(): void {
    const elapsedSeconds = this.clock.nowSeconds() - this.updatedSeconds;
    this.updatedSeconds = this.clock.nowSeconds();
    for (const job of this.jobs) job.remainingSeconds -= elapsedSeconds * this.speed();
  }

  private schedule(): void {
    this.cancelTimer();
    let first: Entry | undefined;
    for (const job of this.jobs) if (!first || job.remainingSeconds < first.remainingSeconds) first = job;
    if (first === undefined || this.speed() === 0) return;
    const entry = first;
    this.cancelTimer = this.clock.after(Math.max(0, entry.remainingSeconds) / this.speed(), () => this.finish(entry));
  }

  private finish(entry: Entry): void {
    this.advance();
    this.jobs.delete(entry);
    this.schedule();
    entry.done();
  }
}
