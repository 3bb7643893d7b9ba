import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The compute of a node. Up to `lanes` answers run at full speed; more share it evenly, as the models of one card do.
 * Work is counted in milliseconds of full speed, the same for all that share.
 */
export interface Compute {
  /** An answer begins to use it. */
  join(): void;
  leave(): void;
  /** False: work takes as long as planned, whatever else goes on. */
  readonly isShared: boolean;
  /** What an answer has had that was there all the time. */
  workedMs(): number;
  /** Rejects when the signal aborts. */
  waitUntil(workedMs: number, signal: AbortSignal): Promise<void>;
}

/** While others may come and go, the wait is estimated anew so often. */
const LOOK_INTERVAL_MS = 20;

export function createCompute(lanes: number): Compute {
  let users = 0;
  let workedMs = 0;
  let updatedMs = performance.now();

  const speed = (): number => Math.min(1, lanes / Math.max(1, users));

  function advance(): number {
    const nowMs = performance.now();
    workedMs += (nowMs - updatedMs) * speed();
    updatedMs = nowMs;
    return workedMs;
  }

  function change(by: number): void {
    advance();
    users += by;
  }

  return {
    join: () => change(1),
    leave: () => change(-1),
    isShared: lanes !== Infinity,
    workedMs: advance,
    async waitUntil(targetMs, signal) {
      for (let leftMs = targetMs - advance(); leftMs > 0; leftMs = targetMs - advance()) {
        const waitMs = leftMs / speed();
        await sleep(lanes === Infinity ? waitMs : Math.min(waitMs, LOOK_INTERVAL_MS), undefined, { signal });
      }
    },
  };
}
