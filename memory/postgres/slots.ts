import { SynthesisFailure } from '../../domain/failure.ts';
import { untilAborted } from '../until-aborted.ts';

/** So much at the same time and no more; the rest waits in the order of its coming. */
export interface Slots {
  /** Errors: StoreUnavailable after too long a wait; the signal's reason when it fires during the wait. */
  use<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Creates the slots. The pool of pg has a queue, too, but counts the time in it as time to connect, so that a burst of
 * work would look like a server that is away.
 */
export function createSlots(count: number, waitTimeoutMs: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;

  async function enter(signal: AbortSignal | undefined): Promise<void> {
    if (free > 0) {
      free -= 1;
      return;
    }
    let admit = (): void => {};
    const turn = new Promise<void>((resolve) => waiting.push((admit = resolve)));
    try {
      await withinTime(untilAborted(turn, signal), waitTimeoutMs);
    } catch (error) {
      const position = waiting.indexOf(admit);
      if (position >= 0) waiting.splice(position, 1);
      // The turn came in the very moment of giving up: it goes to the next one.
      else leave();
      throw error;
    }
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }

  return {
    async use(work, signal) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

async function withinTime(turn: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(refuseWait(timeoutMs)), timeoutMs);
  });
  try {
    await Promise.race([turn, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function refuseWait(timeoutMs: number): SynthesisFailure {
  const details = { waitedMs: timeoutMs };
  return new SynthesisFailure('StoreUnavailable', 'The database has more to do than it can.', details);
}
