import type { EntryId } from '../../domain/ids.ts';
import type { EntryRecord, TierStatus } from '../entry-ports.ts';
import type { HitCounter } from './hit-counter.ts';

export interface DescribedRecord {
  readonly record: EntryRecord;
  readonly name: 'sqlite' | 'postgres';
  readonly hits: HitCounter;
  readonly elapsedMs: () => number;
}

/** So many are counted in a millisecond or two; counting more takes long enough to be remembered for a while. */
const COUNTED_AT_ONCE = 10_000;
/** Health, metrics and people may all ask each second, and the number of many entries hardly changes in ten. */
const COUNT_LIFETIME_MS = 10_000;
/** Nobody has it: it is the way of a read that is looked at. */
const PROBE = 'probe' as EntryId;

/** Creates the look at what can be seen of the record now; it never rejects. */
export function createRecordStatus({ record, name, hits, elapsedMs }: DescribedRecord): () => Promise<TierStatus> {
  const count = createCount(record, elapsedMs);
  return async () => {
    const read = { hitRate: hits.rate(), reads: hits.reads() };
    const head = { tier: 'L2', name, isRecord: true, ...read, lag: null } as const;
    const startedAtMs = elapsedMs();
    try {
      await record.read(PROBE);
      const latencyMs = elapsedMs() - startedAtMs;
      return { ...head, state: 'up', detail: '', latencyMs, entries: await count() };
    } catch (error) {
      return { ...head, state: 'down', detail: (error as Error).message, latencyMs: null, entries: null };
    }
  };
}

/** Counts entries that are neither deleted nor expired. */
function createCount(record: EntryRecord, elapsedMs: () => number): () => Promise<number> {
  let remembered = { entries: 0, untilMs: -Infinity };
  return async () => {
    if (elapsedMs() < remembered.untilMs) return remembered.entries;
    const { countByKind, tombstones } = await record.stats();
    const entries = Object.values(countByKind).reduce((sum, some) => sum + some, 0);
    if (entries + tombstones > COUNTED_AT_ONCE) remembered = { entries, untilMs: elapsedMs() + COUNT_LIFETIME_MS };
    return entries;
  };
}
