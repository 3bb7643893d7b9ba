import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NewEntry } from '../../domain/memory-entry.ts';
import type { EntryAnswer } from '../../memory/entry-ports.ts';
import { waitUntil } from '../support/wait-until.ts';
import { someAnswer, someLesson, someWork } from './entry-samples.ts';
import { aQuery, setVectorsStage, type VectorsStage } from './entry-vectors-stage.ts';
import { aVector, PATIENT } from './vector-index-contract.ts';

// No embedding model can be had here: all vectors are made, from the words of the texts.

let stage: VectorsStage;
beforeEach(async () => {
  stage = await setVectorsStage(null);
});
afterEach(() => stage.dispose());

/** Work whose code says which one it is, so that no two are the same. */
function work(words: string, changes: Partial<NewEntry> = {}): NewEntry {
  const value = { kind: 'work', language: 'python', request: words, contract: '', code: words, tests: '' } as const;
  return someWork(words, { value, ...changes });
}

const textsOf = (answer: EntryAnswer) => answer.found.map(({ entry }) => entry.text);

describe('search by words and meaning', () => {
  test('says which search found an entry, and how near it is', async () => {
    await stage.record.put(work('sort numbers ascending'));
    await stage.record.put(someLesson('IndexError in numbers'));
    await stage.settle();
    const answer = await stage.search(aQuery('sort numbers'));
    expect(textsOf(answer)).toEqual(['sort numbers ascending', 'IndexError in numbers']);
    expect(answer.found[0]).toMatchObject({ foundBy: ['text', 'vector'] });
    expect(answer.found[0]?.distance).toBeGreaterThan(0);
    expect(answer.found[0]?.score).toBeGreaterThan(answer.found[1]?.score ?? 1);
    expect(answer.degraded).toEqual(['vectors-in-sqlite']);
  });

  test('asks for words only, or for meaning only, where that is wanted', async () => {
    await stage.record.put(work('sort numbers'));
    await stage.settle();
    const [text, vector] = [
      await stage.search(aQuery('sort', { mode: 'text' })),
      await stage.search(aQuery('sort', { mode: 'vector' })),
    ];
    expect(text).toMatchObject({ found: [{ foundBy: ['text'], distance: null }], degraded: [] });
    expect(vector).toMatchObject({ found: [{ foundBy: ['vector'] }] });
  });

  test('the opposite request is a neighbour: it is found as context, and an answer never is', async () => {
    await stage.record.put(work('sort the numbers descending'));
    await stage.record.put(someAnswer('sort the numbers ascending'));
    await stage.settle();
    const answer = await stage.search(aQuery('sort the numbers ascending'));
    expect(answer.found).toMatchObject([{ entry: { kind: 'work', text: 'sort the numbers descending' } }]);
    expect(answer.found[0]?.distance).toBeLessThan(0.5);
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(1);
  });

  test('the same code comes once', async () => {
    const value = {
      kind: 'work',
      language: 'python',
      request: '',
      contract: '',
      code: 'def f():\n  pass',
      tests: '',
    } as const;
    await stage.record.put(someWork('add two numbers', { value }));
    await stage.record.put(someWork('add both numbers', { value: { ...value, code: 'def f():\r\n\tpass\n' } }));
    await stage.settle();
    expect((await stage.search(aQuery('add numbers'))).found).toHaveLength(1);
  });

  test('namespaces see nothing of each other', async () => {
    await stage.record.put(work('sort numbers', { namespace: 'research/mona' }));
    await stage.settle();
    for (const namespace of ['default', 'research', 'research/%', "research/mona' OR '1'='1"]) {
      expect((await stage.search(aQuery('sort numbers', { namespace }))).found).toEqual([]);
    }
    expect((await stage.search(aQuery('sort numbers', { namespace: 'research/mona' }))).found).toHaveLength(1);
  });

  test.each([
    ['nothing', ''],
    ['spaces', ' \n\t'],
    ['operators of full text', '"sort" AND NOT (numbers* OR ^a NEAR b) : - + {x}'],
    ['SQL', "'; DROP TABLE entries; --"],
    ['a zero character', 'sort\u0000numbers'],
    ['half of a pair', 'sort \ud83d'],
    ['other scripts', '並べ替え сортировать ترتيب 🙂'],
    ['a long text', 'sort numbers '.repeat(20_000)],
  ])('%s as a question is no error', async (_, text) => {
    await stage.record.put(work('sort numbers'));
    await stage.settle();
    for (const mode of ['hybrid', 'text', 'vector'] as const) {
      expect((await stage.search(aQuery(text, { mode }))).found.length).toBeLessThanOrEqual(1);
    }
  });
});

describe('what the record no longer has', () => {
  test('a deleted entry is removed from the index', async () => {
    const { id } = await stage.record.put(work('sort numbers'));
    await stage.settle();
    await stage.record.remove(id);
    await stage.settle();
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(0);
  });

  test('a deleted, an expired and an unknown entry are not found although the index has them', async () => {
    const deleted = await stage.record.put(work('sort numbers'));
    const expired = await stage.record.put(
      work('sort letters', { expiresAt: new Date(Date.now() + 60_000).toISOString() }),
    );
    await stage.settle();
    await stage.record.remove(deleted.id);
    await stage.settle();
    stage.pass(61_000);
    const vectors = [deleted, expired].map(({ id, text }) => ({ ...aVector(text), id }));
    await stage.indexes[0]?.upsert([...vectors, aVector('sort nothing')], PATIENT);
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(3);
    expect((await stage.search(aQuery('sort'))).found).toEqual([]);
  });

  test('an index that holds an entry of another namespace does not give it away', async () => {
    const { id } = await stage.record.put(work('sort numbers', { namespace: 'secret' }));
    await stage.settle();
    await stage.indexes[0]?.upsert([{ ...aVector('sort numbers'), id, version: 9 }], PATIENT);
    expect((await stage.search(aQuery('sort numbers', { mode: 'vector' }))).found).toEqual([]);
  });
});

describe('the embedding model', () => {
  test('while no host has it, entries wait and words are searched; then they come', async () => {
    stage.embedder.modelName = null;
    await stage.record.put(work('sort numbers'));
    const answer = await stage.search(aQuery('sort'));
    expect(answer).toMatchObject({ found: [{ foundBy: ['text'] }], degraded: ['no-embedding-model'] });
    expect(await stage.record.lag('sqlite-vectors')).toMatchObject({ rows: 1, deadLetters: 0 });
    stage.embedder.modelName = 'made-up:latest';
    await stage.settle();
    expect((await stage.search(aQuery('sort', { mode: 'vector' }))).found).toHaveLength(1);
  });

  test('while no host answers, nothing is given up, however often it is tried', async () => {
    let failures = 0;
    stage.embedder.isDown = true;
    Object.defineProperty(stage.embedder, 'delay', { get: () => Promise.resolve(void (failures += 1)) });
    await stage.record.put(work('sort numbers'));
    await waitUntil(() => failures > 30);
    expect(await stage.record.lag('sqlite-vectors')).toMatchObject({ rows: 1, deadLetters: 0 });
    expect((await stage.search(aQuery('sort'))).degraded).toEqual(['vectors-not-ready']);
    stage.embedder.isDown = false;
    await stage.settle();
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(1);
  });

  test('when its vectors come in another length, everything is embedded again', async () => {
    for (const words of ['sort numbers', 'sort letters', 'parse dates']) await stage.record.put(work(words));
    await stage.settle();
    stage.embedder.length = 96;
    await stage.search(aQuery('sort'));
    await stage.settle();
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(6);
    expect(textsOf(await stage.search(aQuery('parse dates', { mode: 'vector', limit: 1 })))).toEqual(['parse dates']);
  });

  test('a new entry in another length brings the others with it', async () => {
    for (const words of ['sort numbers', 'sort letters']) await stage.record.put(work(words));
    await stage.settle();
    stage.embedder.length = 96;
    await stage.record.put(work('parse dates'));
    await waitUntil(async () => (await stage.indexes[0]?.count(PATIENT)) === 5);
  });
});

describe('time', () => {
  test('a slow embedding costs no more than the deadline, and the next question finds it', async () => {
    const slow = await setVectorsStage(null, 500);
    try {
      await slow.record.put(work('sort numbers'));
      await slow.settle();
      let finish = () => {};
      slow.embedder.delay = new Promise((resolve) => (finish = resolve));
      const startedAt = performance.now();
      const answer = await slow.search(aQuery('sort'));
      // For a machine that does other things: without a deadline it would be for ever.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(answer).toMatchObject({ found: [{ foundBy: ['text'] }], degraded: ['vectors-not-ready'] });
      finish();
      await waitUntil(async () => (await slow.search(aQuery('sort'))).degraded[0] === 'vectors-in-sqlite');
    } finally {
      await slow.dispose();
    }
  });

  test('an index that is behind says so', async () => {
    await stage.record.put(work('sort numbers'));
    await stage.settle();
    Object.defineProperty(stage.embedder, 'embed', {
      value: async (texts: readonly string[]) => {
        if (texts[0] !== 'sort') throw new Error('too much to do');
        return [aVector('sort').vector];
      },
    });
    await stage.record.put(work('sort letters'));
    expect((await stage.search(aQuery('sort'))).degraded).toEqual(['vectors-not-ready', 'vectors-in-sqlite']);
  });

  test('the status says what is in use and how far behind it is', async () => {
    await stage.record.put(work('sort numbers'));
    await stage.settle();
    const up = { tier: 'L4', name: 'sqlite-vectors', state: 'up', isRecord: false, entries: 1, detail: '' };
    expect(await stage.tier.status()).toMatchObject({ ...up, lag: { rows: 0 } });
    stage.embedder.modelName = null;
    expect((await stage.tier.status()).detail).toContain('only words are searched');
  });

  test('a rebuild fills the index again', async () => {
    await stage.record.put(work('sort numbers'));
    await stage.settle();
    await stage.indexes[0]?.upsert([aVector('left over')], PATIENT);
    await stage.tier.rebuild();
    await stage.settle();
    expect(await stage.indexes[0]?.count(PATIENT)).toBe(1);
  });
});
