import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewEntry } from '../../domain/memory-entry.ts';
import { hasRealChroma, startRealChroma, type RealChroma } from '../support/real-chroma.ts';
import { waitUntil } from '../support/wait-until.ts';
import { someWork } from './entry-samples.ts';
import { aQuery, setVectorsStage, type VectorsStage } from './entry-vectors-stage.ts';
import { PATIENT } from './vector-index-contract.ts';

/** Long enough for a server that gets hardly any time to run. */
const DEADLINE_MS = 5_000;

// The server is real; no embedding model can be had here, so all vectors are made from the words of the texts.
describe.skipIf(!hasRealChroma())('with a real Chroma that comes and goes', () => {
  let chroma: RealChroma;
  let stage: VectorsStage;
  beforeAll(async () => {
    chroma = await startRealChroma();
  });
  afterAll(() => chroma.end());
  beforeEach(async () => {
    stage = await setVectorsStage(chroma.url, DEADLINE_MS);
    for (let number = 0; number < 40; number += 1) {
      await stage.record.put(work(`sort word${number % 7} by word${number % 5} in list${number}`));
    }
    await stage.settle();
  });
  afterEach(async () => {
    chroma.resume();
    await chroma.start();
    await stage.dispose();
  });

  const topTen = async () => {
    const answer = await stage.search(aQuery('sort word3 by word2', { mode: 'vector' }));
    return { ids: answer.found.map(({ entry }) => entry.id), degraded: answer.degraded };
  };

  test('it answers alone, and nothing is degraded', async () => {
    expect(await topTen()).toMatchObject({ degraded: [] });
    expect(await stage.tier.status()).toMatchObject({ name: 'chroma', state: 'up', entries: 40, lag: { rows: 0 } });
  });

  test('while it is away SQLite gives the same answer, marked; what was written meanwhile comes to it later', async () => {
    const before = await topTen();
    await chroma.stop();
    expect(await topTen()).toEqual({ ids: before.ids, degraded: ['vectors-in-sqlite'] });
    expect(await stage.tier.status()).toMatchObject({
      name: 'chroma',
      state: 'down',
      detail: expect.stringContaining('Vectors are searched in SQLite.'),
    });
    await stage.record.put(work('written meanwhile'));
    await chroma.start();
    await stage.settle();
    await waitUntil(async () => (await topTen()).degraded.length === 0);
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(41);
    expect(await stage.record.lag('chroma')).toMatchObject({ deadLetters: 0 });
  });

  test('while it says nothing a search takes no longer than the deadline', async () => {
    await stage.search(aQuery('sort word3 by word2'));
    await chroma.pause();
    const startedAt = performance.now();
    expect((await topTen()).degraded).toEqual(['vectors-in-sqlite']);
    // For a machine that does other things: without a deadline it would be for ever.
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS + 20_000);
  });

  test('when its data are gone the relay brings everything again, to the same best ten', async () => {
    const before = await topTen();
    await chroma.stop();
    await chroma.wipe();
    await chroma.start();
    await waitUntil(async () => {
      const now = await topTen();
      expect(now.ids).toEqual(before.ids);
      return now.degraded.length === 0;
    });
    await stage.settle();
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(40);
    expect(await topTen()).toEqual(before);
  });

  test('when its data are gone a new entry brings the others with it, before anybody has searched', async () => {
    await chroma.stop();
    await chroma.wipe();
    await chroma.start();
    await stage.record.put(work('one more'));
    await waitUntil(async () => (await stage.indexes[0]?.count(PATIENT)) === 41);
  });
});

function work(words: string): NewEntry {
  const value = { kind: 'work', language: 'python', request: words, contract: '', code: words, tests: '' } as const;
  return someWork(words, { value });
}
