import type { EntryRecord, TierStatus } from '../entry-ports.ts';
import type { HitCounter } from './hit-counter.ts';

export interface DescribedRecord {
  readonly record: EntryRecord;
  readonly name: 'sqlite' | 'postgres';
  readonly hits: HitCounter;
  readonly elapsedMs: () => number;
}

/** What can be seen of the record now. Never rejects. */
export async function describeRecord({ record, name, hits, elapsedMs }: DescribedRecord): Promise<TierStatus> {
  const read = { hitRate: hits.rate(), reads: hits.reads() };
  const head = { tier: 'L2', name, isRecord: true, ...read, lag: null } as const;
  const startedAtMs = elapsedMs();
  try {
    const { countByKind } = await record.stats();
    const entries = Object.values(countByKind).reduce((sum, count) => sum + count, 0);
    return { ...head, state: 'up', detail: '', latencyMs: elapsedMs() - startedAtMs, entries };
  } catch (error) {
    return { ...head, state: 'down', detail: (error as Error).message, latencyMs: null, entries: null };
  }
}
