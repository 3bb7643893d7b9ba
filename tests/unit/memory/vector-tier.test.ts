import { expect, test } from 'vitest';
import { createVectorTier } from '../../../memory/entries/vector-tier.ts';
import type { Embedder, EntryRecord, VectorIndex } from '../../../memory/entry-ports.ts';

test('while the record is away the status of the vectors is told all the same', async () => {
  const away = async () => Promise.reject(new Error('the record is away'));
  const record = { lag: away } as Partial<EntryRecord> as EntryRecord;
  const embedder = { model: away } as Partial<Embedder> as Embedder;
  const index = { name: 'chroma', ping: async () => {}, count: async () => 7 } as Partial<VectorIndex> as VectorIndex;
  const tier = createVectorTier({ record, indexes: [index], problem: null, embedder, report: () => {} });
  expect(await tier.status()).toMatchObject({ name: 'chroma', state: 'up', detail: '', entries: 7, lag: null });
});
