import { expect, test } from 'vitest';
import { rememberVectors } from '../../../memory/entries/remember-vectors.ts';
import { createVectorSink } from '../../../memory/entries/vector-sink.ts';
import type { EntryRecord, VectorIndex } from '../../../memory/entry-ports.ts';
import { createMadeEmbedder } from '../../support/made-vectors.ts';

const NO_END = new AbortController().signal;

test('it is known to be away when no host embeds any more, although vectors are remembered', async () => {
  const embedder = createMadeEmbedder();
  const index = { name: 'sqlite-vectors', ping: async () => {} } as Partial<VectorIndex> as VectorIndex;
  const record = {} as EntryRecord;
  const sink = createVectorSink({ record, index, embedder: rememberVectors(embedder) });
  await sink.ping(NO_END);
  embedder.isDown = true;
  await expect(sink.ping(NO_END)).rejects.toThrow('no host embeds');
});
