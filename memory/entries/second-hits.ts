import type { EntryId } from '../../domain/ids.ts';

/** Two reads so close are more than chance. */
const WINDOW_MS = 600_000;
/** A hundred bytes each; what did not come twice among so many others is not hot. */
const LONGEST_LIST = 10_000;

/** Tells the second of two hits within ten minutes, then begins anew. */
export function createSecondHits(elapsedMs: () => number): (id: EntryId) => boolean {
  const firstHits = new Map<EntryId, number>();
  return (id) => {
    const firstAtMs = firstHits.get(id);
    firstHits.delete(id);
    if (firstAtMs !== undefined && elapsedMs() - firstAtMs < WINDOW_MS) return true;
    firstHits.set(id, elapsedMs());
    const [oldest] = firstHits.keys();
    if (firstHits.size > LONGEST_LIST && oldest !== undefined) firstHits.delete(oldest);
    return false;
  };
}
