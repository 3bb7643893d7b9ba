/** Runs the work when all work that came before for the same key has ended. Rejects when the signal aborts before that. */
export type TakeTurn = <Result>(key: string, signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;

/** Lets one work at a time run for each key, first come, first served. */
export function createTurns(): TakeTurn {
  const lastEnds = new Map<string, Promise<unknown>>();
  return async (key, signal, work) => {
    const before = lastEnds.get(key) ?? Promise.resolve();
    const turn = Promise.race([before, rejectOnAbort(signal)]).then(work);
    // One that gives up waiting must not let the next one past the one that runs.
    const lastEnd = Promise.allSettled([before, turn]);
    lastEnds.set(key, lastEnd);
    try {
      return await turn;
    } finally {
      void lastEnd.then(() => lastEnds.get(key) === lastEnd && lastEnds.delete(key));
    }
  };
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
