import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChromaClient } from 'chromadb';
import { createChromaVectorIndex } from '../../memory/chroma/chroma-vector-index.ts';
import { hasRealChroma, startRealChroma, type RealChroma } from '../support/real-chroma.ts';
import { aVector, describeVectorIndex, PATIENT } from './vector-index-contract.ts';

describe.skipIf(!hasRealChroma())('a real Chroma', () => {
  let chroma: RealChroma;
  beforeAll(async () => {
    chroma = await startRealChroma();
  });
  afterAll(() => chroma.end());
  const open = (model = 'made-up', identity = 'made-up') =>
    createChromaVectorIndex({ url: chroma.url, identity, model });

  describeVectorIndex('Chroma', async () => ({ open: async (model) => open(model), dispose: async () => {} }));

  test('a wipe leaves the collections of others alone', async () => {
    const client = new ChromaClient({ host: '127.0.0.1', port: chroma.port, ssl: false });
    await client.getOrCreateCollection({ name: 'of-somebody-else', embeddingFunction: null });
    await open().upsert([aVector('words')], PATIENT);
    await open().wipe(PATIENT);
    expect((await client.listCollections()).map(({ name }) => name)).toEqual(['of-somebody-else']);
  });

  test('two records share a server without a look at what is not theirs', async () => {
    const [one, other] = [open(), open('made-up', 'another')];
    await one.upsert([aVector('words', { version: 5 })], PATIENT);
    expect(await other.isEmpty(64, PATIENT)).toBe(true);
    await other.upsert([aVector('words'), aVector('more words')], PATIENT);
    expect([await one.count(PATIENT), await other.count(PATIENT)]).toEqual([1, 2]);
    await other.wipe(PATIENT);
    expect([await one.count(PATIENT), await other.count(PATIENT)]).toEqual([1, 0]);
    await one.wipe(PATIENT);
  });

  test('a server that says nothing costs no more than the time that it is given', async () => {
    await chroma.pause();
    try {
      const startedAt = performance.now();
      const failure = { type: 'StoreUnavailable', details: { reason: 'it did not answer in time' } };
      await expect(open().ping(AbortSignal.timeout(300))).rejects.toMatchObject(failure);
      // For a machine that does other things: without a signal it would be for ever.
      expect(performance.now() - startedAt).toBeLessThan(20_000);
    } finally {
      chroma.resume();
    }
  });

  test('vectors outlive a restart, and a server that is away is named as the reason', async () => {
    await open().upsert([aVector('words')], PATIENT);
    await chroma.stop();
    const failure = { type: 'StoreUnavailable', details: { reason: 'it cannot be reached' } };
    await expect(open().ping(PATIENT)).rejects.toMatchObject(failure);
    await chroma.start();
    expect(await open().count(PATIENT)).toBe(1);
  });
});

test('an address with a path is refused, because the client would leave it out', () => {
  expect(() => createChromaVectorIndex({ url: 'http://localhost:8000/chroma', identity: 'i', model: 'm' })).toThrow(
    /path/,
  );
});
