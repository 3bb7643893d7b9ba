/** The turns of callers within one round of planning. */
export interface Turns {
  /** The turn in which the next call of the caller comes; lower is served first. */
  next(namespace: string): number;
  /** A call of the caller comes in its turn, and takes so long. */
  take(namespace: string, seconds: number): void;
}

/**
 * Host time that a caller gets before the next one has its turn. About one long call: turns as short as possible would leave
 * no choice among the calls of a turn, and each change of callers could cost a model load.
 */
const TURN_SECONDS = 60;

/**
 * Shares the hosts evenly, by the seconds they worked, between the callers that want them. Who wants nothing saves nothing up:
 * one that comes back starts level with the one that was served least of those who are there.
 */
export class FairShares {
  private readonly servedSeconds = new Map<string, number>();
  /** Calls that wait or run, by namespace. */
  private readonly openCalls = new Map<string, number>();

  /** A call has come. */
  enter(namespace: string): void {
    const open = this.openCalls.get(namespace) ?? 0;
    if (open === 0) this.servedSeconds.set(namespace, Math.max(this.served(namespace), this.leastServed()));
    this.openCalls.set(namespace, open + 1);
  }

  /** A call of it is over, granted or not. */
  leave(namespace: string): void {
    const open = (this.openCalls.get(namespace) ?? 0) - 1;
    if (open > 0) this.openCalls.set(namespace, open);
    else {
      this.openCalls.delete(namespace);
      this.forgetIdle();
    }
  }

  /** Hosts work, or have worked, so much longer for it; negative to correct a prediction. */
  charge(namespace: string, seconds: number): void {
    this.servedSeconds.set(namespace, this.served(namespace) + seconds);
  }

  /** Lays out the turns of callers that have calls waiting; one that is alone has all of them. */
  layOutTurns(namespaces: ReadonlySet<string>): Turns {
    if (namespaces.size < 2) return { next: () => 0, take: () => undefined };
    const least = Math.min(...[...namespaces].map((namespace) => this.served(namespace)));
    const reached = new Map<string, number>();
    const start = (namespace: string): number => reached.get(namespace) ?? this.served(namespace) - least;
    return {
      next: (namespace) => Math.floor(start(namespace) / TURN_SECONDS),
      take: (namespace, seconds) => void reached.set(namespace, start(namespace) + seconds),
    };
  }

  private served(namespace: string): number {
    return this.servedSeconds.get(namespace) ?? 0;
  }

  private leastServed(): number {
    const open = [...this.openCalls.keys()].map((namespace) => this.served(namespace));
    return open.length === 0 ? 0 : Math.min(...open);
  }

  /** What counts is how far callers are apart; those who are away would have to start level anyway. */
  private forgetIdle(): void {
    const least = this.leastServed();
    for (const [namespace, seconds] of this.servedSeconds) {
      if (!this.openCalls.has(namespace) && seconds <= least) this.servedSeconds.delete(namespace);
    }
    if (this.openCalls.size === 0) this.servedSeconds.clear();
  }
}
