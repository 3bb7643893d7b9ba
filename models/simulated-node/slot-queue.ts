/** The slots of one loaded model: first come, first served; the queue is unbounded, as on a real host. */
export interface SlotQueue {
  /** Waits for a slot and gives its number, of several free ones the one that `pick` says; rejects when the signal aborts. */
  enter(signal: AbortSignal, pick: (free: readonly number[]) => number): Promise<number>;
  leave(slot: number): void;
  running(): number;
}

export function createSlotQueue(slots: number): SlotQueue {
  const waiting: ((slot: number) => void)[] = [];
  const free = new Set(Array.from({ length: slots }, (_, slot) => slot));

  function wait(signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      const enter = (slot: number): void => {
        signal.removeEventListener('abort', abort);
        resolve(slot);
      };
      waiting.push(enter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  return {
    async enter(signal, pick) {
      signal.throwIfAborted();
      if (free.size === 0) return wait(signal);
      const slot = pick([...free]);
      free.delete(slot);
      return slot;
    },
    leave(slot) {
      const next = waiting.shift();
      // The slot goes straight to the next that waits.
      if (next === undefined) free.add(slot);
      else next(slot);
    },
    running: () => slots - free.size,
  };
}
