import type { EntryRecord, VectorIndex } from '../entry-ports.ts';

/** An index that may be asked, and whether it has all that it should have. */
export interface OfferedIndex<Index extends Pick<VectorIndex, 'name'>> {
  readonly index: Index;
  readonly isReady: boolean;
}

/** The indexes as given, those first that have all that the record has. */
export async function orderIndexes<Index extends Pick<VectorIndex, 'name'>>(
  record: EntryRecord,
  indexes: readonly Index[],
): Promise<readonly OfferedIndex<Index>[]> {
  const offered = await Promise.all(
    indexes.map(async (index) => ({ index, isReady: (await record.lag(index.name)).rows === 0 })),
  );
  return [...offered.filter(({ isReady }) => isReady), ...offered.filter(({ isReady }) => !isReady)];
}
