import { SynthesisFailure } from '../domain/failure.ts';
import type { NewRunEvent } from '../domain/run-event.ts';
import type { RunEventLog } from './ports.ts';

/** Collects run events and appends them in batches, so that tokens cost one transaction per batch and not one each. */
export interface EventWriter {
  /** Takes the event; it is stored within the flush interval. Errors: InvariantBroken after `close`. */
  write(event: NewRunEvent): void;
  /** Stores what was written so far. Errors: those of the log; the events are kept for the next flush. */
  flush(): Promise<void>;
  /** Flushes and takes no more. */
  close(): Promise<void>;
}

export interface EventWriterOptions {
  /** Longest time that an event waits; 50 ms is below what a reader of a live text notices. */
  readonly flushIntervalMs?: number;
  /** Events in one transaction; 256 of them hold the database's write lock for about a millisecond. */
  readonly maxBatch?: number;
}

/** Characters after which a merged text is closed, so that no event grows too large to pass on at once. */
const MAX_TEXT_CHARACTERS = 16_384;
/** Batches kept while the log fails; beyond it the waiting texts are dropped, other events never. */
const MAX_WAITING_BATCHES = 40;

/**
 * Creates a writer on the log.
 * Order: kept, except that texts of different steps that arrive within one batch may change places; texts of one step are
 * merged when nothing but other texts lies between them.
 */
export function createEventWriter(log: RunEventLog, options: EventWriterOptions = {}): EventWriter {
  const { flushIntervalMs = 50, maxBatch = 256 } = options;
  const queue = createEventQueue(maxBatch * MAX_WAITING_BATCHES);
  let lastFlush: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function appendAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    for (let batch = queue.take(maxBatch); batch.length > 0; batch = queue.take(maxBatch)) {
      try {
        await log.append(batch);
      } catch (error) {
        queue.putBack(batch);
        if (!isClosed) scheduleFlush();
        throw error;
      }
    }
  }

  function flush(): Promise<void> {
    // One append at a time keeps the order; a failed flush does not fail the next one.
    lastFlush = lastFlush.catch(() => {}).then(appendAll);
    return lastFlush;
  }

  function flushInBackground(): void {
    // A failure has scheduled the next try; `flush` and `close` report it to those who wait for the events.
    flush().catch(() => {});
  }

  function scheduleFlush(): void {
    timer ??= setTimeout(flushInBackground, flushIntervalMs);
  }

  return {
    write(event) {
      if (isClosed) throw new SynthesisFailure('InvariantBroken', 'An event was written after its writer was closed.');
      const size = queue.add(event);
      if (size === maxBatch) flushInBackground();
      else scheduleFlush();
    },
    flush,
    async close() {
      isClosed = true;
      await flush();
    },
  };
}

interface EventQueue {
  /** Adds the event, or its text to an event that waits; returns how many events wait. */
  add(event: NewRunEvent): number;
  /** Removes up to `count` of the oldest events. */
  take(count: number): readonly NewRunEvent[];
  putBack(events: readonly NewRunEvent[]): void;
}

function createEventQueue(capacity: number): EventQueue {
  let waiting: NewRunEvent[] = [];
  /** Where the open text of each step waits. Anything but a text closes them all. */
  const openTexts = new Map<string, number>();

  function addText(event: NewRunEvent, text: string): void {
    const step = JSON.stringify([event.runId, event.partId, event.stepKey, event.attempt]);
    const index = openTexts.get(step);
    const open = index === undefined ? undefined : waiting[index];
    if (index !== undefined && open?.body.type === 'text.delta' && open.body.text.length < MAX_TEXT_CHARACTERS) {
      waiting[index] = { ...open, body: { type: 'text.delta', text: open.body.text + text } };
      return;
    }
    openTexts.set(step, waiting.push(event) - 1);
  }

  function dropTexts(): void {
    waiting = waiting.filter((event) => event.body.type !== 'text.delta');
    openTexts.clear();
  }

  return {
    add(event) {
      if (waiting.length >= capacity) dropTexts();
      if (event.body.type === 'text.delta') {
        addText(event, event.body.text);
      } else {
        openTexts.clear();
        waiting.push(event);
      }
      return waiting.length;
    },
    take(count) {
      openTexts.clear();
      return waiting.splice(0, count);
    },
    putBack(events) {
      openTexts.clear();
      waiting = [...events, ...waiting];
    },
  };
}
