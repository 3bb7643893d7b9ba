import type { ContentHash, EntryId, RunId } from './ids.ts';
import type { LessonValue, WorkValue } from './memory-entry.ts';

/** An entry of memory that models are shown as context. */
export interface OfferedEntry {
  readonly id: EntryId;
  /** The run that it came from. */
  readonly runId: RunId;
  readonly value: WorkValue | LessonValue;
}

/** What memory offers to a run, or to one repair of it: chosen once, so that every try sees the same. */
export interface Offer {
  /** The artifact with the `OfferedEntry` list; null when nothing is offered. */
  readonly offeredHash: ContentHash | null;
  /** What the result is to say about it; null when there is nothing to say. */
  readonly note: string | null;
}
