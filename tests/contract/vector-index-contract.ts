import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SearchedKind } from '../../domain/memory-entry.ts';
import { hashText } from '../../memory/content-hash.ts';
import { createEntryId } from '../../memory/entry-id.ts';
import type { IndexedVector, VectorIndex } from '../../memory/entry-ports.ts';
import { madeVector } from '../support/made-vectors.ts';

/** An index under test and what may be done around it. */
export interface VectorIndexHarness {
  /** Opens the same vectors once more, for the same or another model. */
  open(model?: string): Promise<VectorIndex>;
  dispose(): Promise<void>;
}

/** Busy machines take their time; no test here is about deadlines. */
export const PATIENT = AbortSignal.timeout(600_000);

/** The vector of an entry that is its words. */
export function aVector(words: string, changes: Partial<IndexedVector> = {}): IndexedVector {
  const place = { namespace: 'default', kind: 'work' as SearchedKind, ...changes };
  const id = createEntryId({ ...place, key: hashText(words) });
  return { id, version: 1, vector: madeVector(words), ...place };
}

export function describeVectorIndex(title: string, create: () => Promise<VectorIndexHarness>): void {
  describe(`vectors in ${title}, with made vectors`, () => {
    let harness: VectorIndexHarness;
    let index: VectorIndex;
    beforeEach(async () => {
      harness = await create();
      index = await harness.open();
      await index.wipe(PATIENT);
    });
    afterEach(() => harness.dispose());

    const search = (words: string, changes: object = {}) =>
      index.search(
        { namespace: 'default', kinds: ['work', 'lesson'], vector: madeVector(words), limit: 10, ...changes },
        PATIENT,
      );
    const idsOf = async (words: string, changes: object = {}) => (await search(words, changes)).map(({ id }) => id);

    test('finds the nearest first, with exact cosine distances', async () => {
      const [same, near, far] = [aVector('sort a list'), aVector('sort a table'), aVector('parse the date')];
      await index.upsert([far, near, same], PATIENT);
      const hits = await search('sort a list');
      expect(hits.map(({ id }) => id)).toEqual([same.id, near.id, far.id]);
      expect(hits[0]?.distance).toBeCloseTo(0, 5);
      expect(hits[1]?.distance).toBeCloseTo(cosineDistance(near.vector, same.vector), 5);
    });

    test('finds no more than are wanted', async () => {
      await index.upsert(
        ['a b', 'a c', 'a d'].map((words) => aVector(words)),
        PATIENT,
      );
      expect(await search('a', { limit: 2 })).toHaveLength(2);
    });

    test('finds nothing where nothing was ever written', async () => {
      expect(await search('anything')).toEqual([]);
      expect(await index.count(PATIENT)).toBe(0);
    });

    test('keeps namespaces apart, whatever they are called', async () => {
      const names = ['default', 'a/b', 'a', "x' OR '1'='1", '../default', 'default\n', '$ne', '*', ''];
      const vectors = names.map((namespace) => aVector('the same words', { namespace }));
      await index.upsert(vectors, PATIENT);
      for (const [place, namespace] of names.entries()) {
        expect(await idsOf('the same words', { namespace })).toEqual([vectors[place]?.id]);
      }
    });

    test('finds only the kinds that are wanted', async () => {
      const work = aVector('words');
      const lesson = aVector('words', { kind: 'lesson' });
      await index.upsert([work, lesson], PATIENT);
      expect(await idsOf('words', { kinds: ['lesson'] })).toEqual([lesson.id]);
      expect(await idsOf('words', { kinds: ['work'] })).toEqual([work.id]);
      expect((await idsOf('words')).toSorted()).toEqual([work.id, lesson.id].toSorted());
      expect(await idsOf('words', { kinds: [] })).toEqual([]);
    });

    test('a newer version replaces an older one, and never the other way round', async () => {
      const { id } = aVector('words');
      const versionOf = (version: number, words: string) =>
        aVector('words', { id, version, vector: madeVector(words) });
      await index.upsert([versionOf(2, 'second')], PATIENT);
      await index.upsert([versionOf(1, 'first')], PATIENT);
      expect((await search('second'))[0]?.distance).toBeCloseTo(0, 5);
      await index.upsert([versionOf(3, 'third')], PATIENT);
      expect((await search('third'))[0]?.distance).toBeCloseTo(0, 5);
      expect(await index.count(PATIENT)).toBe(1);
    });

    test('takes the newest of one batch, and a batch twice', async () => {
      const { id } = aVector('words');
      const batch = [1, 3, 2].map((version) => aVector('words', { id, version, vector: madeVector(`v${version}`) }));
      await index.upsert(batch, PATIENT);
      await index.upsert(batch, PATIENT);
      expect((await search('v3'))[0]?.distance).toBeCloseTo(0, 5);
      expect(await index.count(PATIENT)).toBe(1);
    });

    test('what was removed is not found, and removing it again is no error', async () => {
      const [gone, kept] = [aVector('words that go'), aVector('words that stay')];
      await index.upsert([gone, kept], PATIENT);
      await index.remove([gone, aVector('never there', { namespace: 'elsewhere' })], PATIENT);
      await index.remove([gone], PATIENT);
      expect(await idsOf('words')).toEqual([kept.id]);
    });

    test('what was removed can come again', async () => {
      const vector = aVector('words');
      await index.upsert([vector], PATIENT);
      await index.remove([vector], PATIENT);
      await index.upsert([{ ...vector, version: 3 }], PATIENT);
      expect(await idsOf('words')).toEqual([vector.id]);
    });

    test('vectors of another length begin an index of their own', async () => {
      const [short, long] = [aVector('words'), aVector('words', { vector: madeVector('words', 100), version: 2 })];
      await index.upsert([short], PATIENT);
      await index.upsert([long], PATIENT);
      expect(await index.count(PATIENT)).toBe(2);
      const lengths = [64, 100, 10];
      expect(await Promise.all(lengths.map((length) => index.isEmpty(length, PATIENT)))).toEqual([false, false, true]);
      expect(await search('words', { vector: madeVector('words', 100) })).toHaveLength(1);
      await index.remove([long], PATIENT);
      expect(await index.count(PATIENT)).toBe(0);
      expect(await index.isEmpty(100, PATIENT)).toBe(true);
    });

    test('another model begins an index of its own, and the same one by its full name does not', async () => {
      await index.upsert([aVector('words')], PATIENT);
      const other = await harness.open('another-model');
      expect(await other.count(PATIENT)).toBe(0);
      expect(await (await harness.open('Made-Up:latest')).count(PATIENT)).toBe(1);
      await other.wipe(PATIENT);
      expect(await index.count(PATIENT)).toBe(0);
    });

    test('what one has written, another one finds', async () => {
      const vector = aVector('words');
      const other = await harness.open();
      await index.upsert([vector], PATIENT);
      const query = { namespace: 'default', kinds: ['work'] as const, vector: vector.vector, limit: 1 };
      expect(await other.search(query, PATIENT)).toHaveLength(1);
    });

    test('a call whose time is over is refused', async () => {
      const over = AbortSignal.abort();
      const failure = { type: 'StoreUnavailable' };
      await expect(index.upsert([aVector('words')], over)).rejects.toMatchObject(failure);
      await expect(index.ping(over)).rejects.toMatchObject(failure);
      expect(await index.count(PATIENT)).toBe(0);
    });

    test('a wiped index is as good as a new one', async () => {
      await index.upsert([aVector('words')], PATIENT);
      await index.wipe(PATIENT);
      expect(await search('words')).toEqual([]);
      await index.upsert([aVector('words')], PATIENT);
      expect(await index.count(PATIENT)).toBe(1);
    });

    test('finds the ten nearest of some hundred as an exact comparison does', async () => {
      const vectors = Array.from({ length: 300 }, (_, number) =>
        aVector(`word${number % 17} thing${number % 23} n${number}`),
      );
      await index.upsert(vectors, PATIENT);
      const asked = madeVector('word3 thing5');
      const exact = vectors
        .map(({ id, vector }) => ({ id, distance: cosineDistance(vector, asked) }))
        .toSorted((left, right) => left.distance - right.distance);
      expect(await idsOf('word3 thing5')).toEqual(exact.slice(0, 10).map(({ id }) => id));
    });
  });
}

function cosineDistance(left: Float32Array, right: Float32Array): number {
  let [product, leftSquares, rightSquares] = [0, 0, 0];
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    product += value * other;
    leftSquares += value * value;
    rightSquares += other * other;
  }
  return 1 - product / Math.sqrt(leftSquares * rightSquares);
}
