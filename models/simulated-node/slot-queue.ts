/** The slots of one loaded model: first come, first served; the queue is unbounded, as on a real host. */
export interface SlotQueue {
  /** Waits for a slot; rejects when the signal aborts. */
  enter(signal: AbortSignal): Promise<void>;
  leave(): void;
  running(): number;
}

export function createSlotQueue(slots: number): SlotQueue {
  const waiting: (() => void)[] = [];
  let running = 0;

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      const enter = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      waiting.push(enter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (running >= slots) return wait(signal);
      running += 1;
    },
    leave() {
      const next = waiting.shift();
      // The slot goes straight to the next that waits, so `running` stays as it is.
      if (next === undefined) running -= 1;
      else next();
    },
    running: () => running,
  };
}
