import type { OwnershipStore } from '../memory/ports.ts';

/** A duty that one process has at a time, as this process sees it. */
export interface Duty {
  /** Takes the duty, or keeps it; false when another process has it or may have it by now. */
  renew(): Promise<boolean>;
  /**
   * True while no other process can have it. To be asked before each act that only the holder may do: a process that was
   * frozen wakes in the middle of what it did, and looks at the store only later.
   */
  isHeld(): boolean;
  /** Lets the next one have it at once. */
  release(): Promise<void>;
}

export interface DutyOptions {
  readonly name: string;
  readonly ownership: OwnershipStore;
  /** This process among those that want the duty. */
  readonly holder: string;
  /** Another process may take the duty this long after its last renewal. */
  readonly leaseMs: number;
  /** Milliseconds of a clock that nobody sets: a corrected wall clock neither ends a lease nor prolongs it. */
  readonly now?: () => number;
}

/** Creates this process's view of a duty; nobody has it before the first renewal. */
export function createDuty({ name, ownership, holder, leaseMs, now = monotonicMs }: DutyOptions): Duty {
  let endsAt = -Infinity;
  const isHeld = (): boolean => now() < endsAt;
  return {
    isHeld,
    async renew() {
      // Taken before the store takes its own time: our lease must end no later than the store's.
      const askedAt = now();
      try {
        const isMine = await ownership.claim(name, holder, leaseMs);
        endsAt = isMine ? askedAt + leaseMs : -Infinity;
        return isMine;
      } catch {
        // A store that does not answer takes the duty from nobody: it stays ours until the lease has run out.
        return isHeld();
      }
    },
    async release() {
      endsAt = -Infinity;
      await ownership.release(name, holder).catch(() => {});
    },
  };
}

function monotonicMs(): number {
  return performance.now();
}
