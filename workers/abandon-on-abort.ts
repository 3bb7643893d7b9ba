import { once } from 'node:events';

/**
 * Waits for work no longer than until the signal; only for work that leaves nothing behind when nobody waits for it.
 * Errors: the signal's reason.
 */
export async function abandonOnAbort<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = once(signal, 'abort', { signal: done.signal }).then(() => signal.throwIfAborted());
  try {
    return await (Promise.race([work, aborted]) as Promise<Result>);
  } finally {
    done.abort();
    // Whichever of the two comes second is of no interest to anybody.
    for (const late of [work, aborted]) late.catch(() => {});
  }
}
