import { setTimeout as wait } from 'node:timers/promises';
import { SynthesisFailure } from '../domain/failure.ts';
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

/** A store that restarts is back within seconds; a reader who hears nothing for longer is told, and asks again by himself. */
const LONGEST_OUTAGE_MS = 60_000;
const RETRY_MS = 500;

/** What a look into the store says: the next events, and whether none will follow. */
interface News {
  readonly events: readonly RunEvent[];
  readonly isComplete: boolean;
}

/**
 * The events of a run above `after`, then new ones as they come; ends after `run.finished` or on abort. A store that goes away
 * is waited for, for a minute at most; one that is away at the start, or is closed, is an error at once.
 */
export async function* subscribeToRun(subscription: RunSubscription): AsyncGenerator<RunEvent, void> {
  const { runId, after, signal, watcher } = subscription;
  const watch = watcher.watch(runId);
  const wake = () => watcher.notify([runId]);
  signal.addEventListener('abort', wake);
  try {
    let last = after;
    // As if for ever, until a first look has succeeded.
    let awaySinceMs: number | null = -Infinity;
    while (!signal.aborted) {
      const news = await lookForNews(subscription, last).catch((error: unknown) => whenAway(error));
      if (news instanceof SynthesisFailure) {
        awaySinceMs ??= performance.now();
        if (watcher.hasEnded || performance.now() - awaySinceMs > LONGEST_OUTAGE_MS) throw news;
        await wait(RETRY_MS, undefined, { signal }).catch(() => {});
        continue;
      }
      awaySinceMs = null;
      for (const event of news.events) {
        if (signal.aborted) return;
        yield event;
        last = event.sequence;
        if (event.body.type === 'run.finished') return;
      }
      if (news.isComplete) return;
      if (news.events.length === 0) await watch.waitForNews();
    }
  } finally {
    signal.removeEventListener('abort', wake);
    watch.stop();
  }
}

async function lookForNews({ runId, read, findEnd }: RunSubscription, last: number): Promise<News> {
  const events = await read(runId, last, PAGE_SIZE);
  if (events.length > 0) return { events, isComplete: false };
  const end = await findEnd(runId);
  return { events, isComplete: end !== null && end <= last };
}

function whenAway(error: unknown): SynthesisFailure {
  if (error instanceof SynthesisFailure && error.type === 'StoreUnavailable') return error;
  throw error;
}
