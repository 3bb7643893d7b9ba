import TinyQueue from 'tinyqueue';
import type { Clock } from '../../fleet/clock.ts';

interface Timer {
  readonly atMs: number;
  /** Of two timers for the same moment, the one that was set first runs first. */
  readonly order: number;
  run: (() => void) | null;
}

/** Time that passes only from event to event; the simulation's heart. */
export interface VirtualClock extends Clock {
  nowSeconds(): number;
  at(seconds: number, run: () => void): () => void;
  after(seconds: number, run: () => void): () => void;
  /** Runs timers in order of time until `isOver`, or until none is left. Promises settle between two of them. */
  run(isOver: () => boolean): Promise<void>;
}

/** Determinism: no time of the machine is looked at; the same timers run in the same order. */
export function createVirtualClock(): VirtualClock {
  const queue = new TinyQueue<Timer>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  let nowMs = 0;
  let timersSet = 0;

  function setTimer(delayMs: number, run: () => void): () => void {
    const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), order: timersSet++, run };
    queue.push(timer);
    return () => {
      timer.run = null;
    };
  }

  return {
    now: () => nowMs,
    nowSeconds: () => nowMs / 1000,
    setTimer,
    at: (seconds, run) => setTimer(seconds * 1000 - nowMs, run),
    after: (seconds, run) => setTimer(seconds * 1000, run),
    async run(isOver) {
      await settle();
      while (!isOver()) {
        const next = queue.pop();
        if (next === undefined) return;
        if (next.run === null) continue;
        nowMs = next.atMs;
        next.run();
        await settle();
      }
    },
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
