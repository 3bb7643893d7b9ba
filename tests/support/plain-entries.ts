import { createEntrySearch } from '../../memory/entries/search-entries.ts';
import { createTieredEntries } from '../../memory/entries/tiered-entries.ts';
import { createVectorTier } from '../../memory/entries/vector-tier.ts';
import type { Embedder, EntryMemory } from '../../memory/entry-ports.ts';
import type { Memory } from '../../memory/ports.ts';

const NO_MODEL: Embedder = { model: async () => null, embed: () => Promise.reject(new Error('no host has a model')) };

/** What is remembered over runs in the record alone, with no copies and nothing in the background. */
export function createPlainEntries({ entries: record, ownership }: Memory): EntryMemory {
  const report = (): void => {};
  const problem = 'This test keeps no vectors.';
  const vectors = createVectorTier({ record, indexes: [], problem, embedder: NO_MODEL, report });
  return createTieredEntries({
    record,
    recordName: 'sqlite',
    ownership,
    redis: null,
    postgres: null,
    vectors,
    search: createEntrySearch({ record, vectors: vectors.search }),
    wake: () => {},
    report,
  });
}
