import type { RunId } from '../domain/ids.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { RunEventLog } from './ports.ts';
import type { RunWatcher } from './run-watch.ts';

export interface RunSubscription {
  readonly runId: RunId;
  readonly after: number;
  readonly signal: AbortSignal;
  readonly watcher: RunWatcher;
  readonly read: RunEventLog['read'];
  /** The sequence of the event that ended the run; null while it has not ended. */
  readonly findEnd: (runId: RunId) => Promise<number | null>;
}

/** Events that a subscriber holds at once; a slow one leaves the rest in the store. */
const PAGE_SIZE = 100;

/** The events of a run above `after`, then new ones as they come; ends after `run.finished` or on abort. */
export async function* subscribeToRun(subscription: RunSubscription): AsyncGenerator<RunEvent, void> {
  const { runId, after, signal, watcher, read, findEnd } = subscription;
  const watch = watcher.watch(runId);
  const wake = () => watcher.notify([runId]);
  signal.addEventListener('abort', wake);
  try {
    let last = after;
    while (!signal.aborted) {
      const page = await read(runId, last, PAGE_SIZE);
      for (const event of page) {
        if (signal.aborted) return;
        yield event;
        last = event.sequence;
        if (event.body.type === 'run.finished') return;
      }
      if (page.length > 0) continue;
      const end = await findEnd(runId);
      if (end !== null && end <= last) return;
      await watch.waitForNews();
    }
  } finally {
    signal.removeEventListener('abort', wake);
    watch.stop();
  }
}
