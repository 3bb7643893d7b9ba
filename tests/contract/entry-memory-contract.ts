import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryMemory } from '../../memory/entry-ports.ts';
import type { NewEntry } from '../../domain/memory-entry.ts';
import { aKeptEntry, aNewEntry, contentOf, idOf, placeOf } from './lesson-fixtures.ts';
import type { EntryStage } from './entry-stage.ts';

/** What entries must do, whichever tiers are there. */
export function describeEntryMemory(name: string, createStage: () => Promise<EntryStage>): void {
  describe(`${name} keeps the contract of entries`, () => {
    let stage: EntryStage;
    let entries: EntryMemory;
    const contentAt = async (key: string, of = entries) => contentOf(await of.get(placeOf(key)));
    beforeEach(async () => {
      stage = await createStage();
      ({ entries } = await stage.open());
    });
    afterEach(async () => stage.dispose());

    describe('get, put and remove', () => {
      test('an entry comes back as it was put, by its place and by its ID, again and again', async () => {
        const kept = await entries.put(aNewEntry('a', 'one'));
        expect(kept).toMatchObject({ ...aNewEntry('a', 'one'), id: idOf('a'), version: 1, isDeleted: false });
        for (let read = 0; read < 5; read += 1) {
          expect(await entries.get(placeOf('a'))).toEqual(kept);
          expect(await entries.find(idOf('a'))).toEqual(kept);
        }
      });

      test('what was never put is not there', async () => {
        expect(await entries.get(placeOf('a'))).toBeUndefined();
        expect(await entries.find(idOf('a'))).toBeUndefined();
        expect(await entries.remove(idOf('a'))).toBe(false);
      });

      test('the last value is read, however often the earlier ones were', async () => {
        for (let version = 1; version <= 10; version += 1) {
          expect(await entries.put(aNewEntry('a', `${version}`))).toMatchObject({ version });
          for (let read = 0; read < 3; read += 1) expect(await contentAt('a')).toBe(`${version}`);
        }
      });

      test('the same value once more is no new version', async () => {
        const first = await entries.put(aNewEntry('a', 'one'));
        expect(await entries.put(aNewEntry('a', 'one'))).toEqual(first);
      });

      test('namespaces see nothing of each other', async () => {
        await entries.put({ ...aNewEntry('a', 'mine'), namespace: 'mine' });
        await entries.put({ ...aNewEntry('a', 'yours'), namespace: 'yours' });
        expect(contentOf(await entries.get(placeOf('a', 'mine')))).toBe('mine');
        expect(await entries.get(placeOf('a'))).toBeUndefined();
        await entries.remove((await entries.get(placeOf('a', 'mine')))?.id ?? idOf('none'));
        expect(contentOf(await entries.get(placeOf('a', 'yours')))).toBe('yours');
      });

      test('what was removed is gone until it is put again, with a higher version', async () => {
        await entries.put(aNewEntry('a', 'one'));
        await entries.get(placeOf('a'));
        expect(await entries.remove(idOf('a'))).toBe(true);
        expect(await entries.get(placeOf('a'))).toBeUndefined();
        expect(await entries.find(idOf('a'))).toBeUndefined();
        expect(await entries.remove(idOf('a'))).toBe(false);
        expect(await entries.put(aNewEntry('a', 'one'))).toMatchObject({ version: 3 });
        expect(await contentAt('a')).toBe('one');
      });

      test('what has expired is not served', async () => {
        await entries.put(aNewEntry('a', 'one', new Date(stage.now() + 60_000).toISOString()));
        for (let read = 0; read < 3; read += 1) expect(await contentAt('a')).toBe('one');
        stage.pass(60_000);
        expect(await entries.get(placeOf('a'))).toBeUndefined();
        expect(await entries.find(idOf('a'))).toBeUndefined();
        await entries.put(aNewEntry('a', 'two'));
        expect(await contentAt('a')).toBe('two');
      });

      test('embeddings and large values are kept like others', async () => {
        const embedding: NewEntry = {
          ...aNewEntry('a', ''),
          kind: 'embedding',
          text: '',
          value: { kind: 'embedding', model: 'm', vector: [1, -0.5, 1e-9] },
        };
        const kept = await entries.put(embedding);
        const large = await entries.put(aNewEntry('large', 'x'.repeat(1_500_000)));
        for (let read = 0; read < 4; read += 1) {
          expect(await entries.get(embedding)).toEqual(kept);
          expect(await entries.find(kept.id)).toEqual(kept);
          expect((await entries.get(placeOf('large')))?.value).toEqual(large.value);
        }
        await entries.put(aNewEntry('large', 'small'));
        expect(await contentAt('large')).toBe('small');
      });

      test('what is not an entry is refused and leaves what was there', async () => {
        await entries.put(aNewEntry('a', 'one'));
        const broken = { ...aNewEntry('a', 'two'), namespace: '../other' };
        await expect(entries.put(broken)).rejects.toMatchObject({ type: 'InvariantBroken' });
        await expect(entries.put({ ...aNewEntry('a', 'two'), expiresAt: 'soon' })).rejects.toMatchObject({
          type: 'InvariantBroken',
        });
        expect(await contentAt('a')).toBe('one');
      });

      test('another process reads what this one writes, and the other way round', async () => {
        const { entries: other } = await stage.open();
        for (let version = 1; version <= 6; version += 1) {
          await (version % 2 ? entries : other).put(aNewEntry('a', `${version}`));
          expect(await contentAt('a')).toBe(`${version}`);
          expect(await contentAt('a', other)).toBe(`${version}`);
        }
        await entries.remove(idOf('a'));
        expect(await contentAt('a', other)).toBeNull();
      });

      test('writers of one entry at once leave the value of the highest version everywhere', async () => {
        const { entries: other, store } = await stage.open();
        const kept = await Promise.all(
          Array.from({ length: 40 }, (_, index) => (index % 2 ? entries : other).put(aNewEntry('a', `${index}`))),
        );
        const newest = kept.toSorted((a, b) => b.version - a.version)[0];
        expect(await store.entries.read(idOf('a'))).toEqual(newest);
        expect(await entries.get(placeOf('a'))).toEqual(newest);
        expect(await other.get(placeOf('a'))).toEqual(newest);
      });
    });

    describe('getOrCompute', () => {
      test('a hundred callers who miss one entry compute it once', async () => {
        let computed = 0;
        const compute = async () => {
          computed += 1;
          await new Promise(setImmediate);
          return aNewEntry('a', 'computed');
        };
        const found = await Promise.all(Array.from({ length: 100 }, () => entries.getOrCompute(placeOf('a'), compute)));
        expect(computed).toBe(1);
        expect(new Set(found.map(contentOf))).toEqual(new Set(['computed']));
        expect(await contentAt('a')).toBe('computed');
      });

      test('callers of two processes compute it twice at most', async () => {
        const { entries: other } = await stage.open();
        let computed = 0;
        const compute = async () => {
          computed += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
          return aNewEntry('a', 'computed');
        };
        const callers = Array.from({ length: 100 }, (_, index) => (index % 2 ? entries : other));
        const found = await Promise.all(callers.map((caller) => caller.getOrCompute(placeOf('a'), compute)));
        expect(computed).toBeLessThanOrEqual(2);
        expect(new Set(found.map((entry) => entry.version))).toEqual(new Set([1]));
      });

      test('what is there is not computed, and what was removed is', async () => {
        await entries.put(aNewEntry('a', 'put'));
        const compute = async () => aNewEntry('a', 'computed');
        expect(contentOf(await entries.getOrCompute(placeOf('a'), compute))).toBe('put');
        await entries.remove(idOf('a'));
        expect(contentOf(await entries.getOrCompute(placeOf('a'), compute))).toBe('computed');
      });

      test('a computation that fails fails for those who wait here, and the next caller computes', async () => {
        const fail = async () => Promise.reject(new Error('no luck'));
        const outcomes = await Promise.allSettled([1, 2, 3].map(() => entries.getOrCompute(placeOf('a'), fail)));
        expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
        const compute = async () => aNewEntry('a', 'computed');
        expect(contentOf(await entries.getOrCompute(placeOf('a'), compute))).toBe('computed');
      });

      test('when the process that computes has died, another one takes over', async () => {
        const { store } = await stage.open();
        await store.ownership.claim(`entry:${idOf('a')}`, 'somebody who died', 10_000);
        const waiting = entries.getOrCompute(placeOf('a'), async () => aNewEntry('a', 'computed'));
        stage.pass(10_000);
        expect(contentOf(await waiting)).toBe('computed');
      });

      test('a process that waits gets what the other one stored', async () => {
        const { store } = await stage.open();
        await store.ownership.claim(`entry:${idOf('a')}`, 'somebody at work', 60_000);
        const waiting = entries.getOrCompute(placeOf('a'), async () => Promise.reject(new Error('not my turn')));
        await store.entries.put(aNewEntry('a', 'theirs'));
        expect(contentOf(await waiting)).toBe('theirs');
      });
    });

    describe('list, adopt and retain', () => {
      test('all entries that may be used are listed once each, page by page', async () => {
        for (let index = 0; index < 12; index += 1) await entries.put(aNewEntry(`entry ${index}`, 'x'));
        await entries.put(aNewEntry('expired', 'x', new Date(stage.now() + 1_000).toISOString()));
        await entries.remove(idOf('entry 3'));
        stage.pass(1_000);
        const ids: string[] = [];
        for await (const entry of entries.list({ limit: 4 })) ids.push(entry.id);
        const expected = Array.from({ length: 12 }, (_, index) => idOf(`entry ${index}`));
        expect(ids).toEqual(expected.filter((id) => id !== idOf('entry 3')).toSorted());
      });

      test('a list keeps to its namespace', async () => {
        await entries.put({ ...aNewEntry('a', 'mine'), namespace: 'mine' });
        await entries.put({ ...aNewEntry('b', 'yours'), namespace: 'yours' });
        const found: (string | null)[] = [];
        for await (const entry of entries.list({ namespace: 'mine', limit: 10 })) found.push(contentOf(entry));
        expect(found).toEqual(['mine']);
      });

      test('an import replaces what is older and nothing else', async () => {
        await entries.put(aNewEntry('a', 'mine'));
        await entries.get(placeOf('a'));
        expect(await entries.adopt(aKeptEntry('a', 1))).toBe(false);
        expect(await contentAt('a')).toBe('mine');
        expect(await entries.adopt(aKeptEntry('a', 7))).toBe(true);
        expect(await entries.get(placeOf('a'))).toEqual(aKeptEntry('a', 7));
        expect(await entries.put(aNewEntry('a', 'newer'))).toMatchObject({ version: 8 });
      });

      test('what retention removes is not read again, and a dry run removes nothing', async () => {
        await entries.put(aNewEntry('old', 'x'));
        stage.pass(60_000);
        await entries.put(aNewEntry('young', 'x'));
        for (let read = 0; read < 3; read += 1) await entries.get(placeOf('old'));
        const before = new Date(stage.now() - 30_000).toISOString();
        const retention = { before, limitBytes: 1e9, tombstonesBefore: before };
        expect(await entries.retain(retention, true)).toMatchObject({ aged: 1 });
        expect(await contentAt('old')).toBe('x');
        expect(await entries.retain(retention, false)).toMatchObject({ aged: 1 });
        expect(await contentAt('old')).toBeNull();
        expect(await contentAt('young')).toBe('x');
      });
    });

    test('the status names all tiers in the order in which they are read', async () => {
      await entries.put(aNewEntry('a', 'one'));
      await entries.get(placeOf('a'));
      const tiers = await entries.status();
      expect(tiers.map((tier) => tier.tier)).toEqual(['L1', 'L2', 'L3', 'L4']);
      expect(tiers[1]).toMatchObject({ name: 'sqlite', state: 'up', isRecord: true, entries: 1, lag: null });
      for (const tier of tiers.filter(({ state }) => state === 'up')) {
        expect(tier).toMatchObject({ detail: expect.not.stringMatching(/late/) });
      }
    });

    test('everything is there after a rebuild', async () => {
      for (let index = 0; index < 20; index += 1) await entries.put(aNewEntry(`entry ${index}`, `${index}`));
      await entries.remove(idOf('entry 0'));
      await entries.rebuild();
      for (let index = 1; index < 20; index += 1) expect(await contentAt(`entry ${index}`)).toBe(`${index}`);
      expect(await contentAt('entry 0')).toBeNull();
    });
  });
}
