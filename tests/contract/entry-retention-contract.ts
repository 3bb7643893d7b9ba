import { beforeEach, describe, expect, test } from 'vitest';
import type { EntryRecord, EntryRetention } from '../../memory/entry-ports.ts';
import { acknowledgeAll, idOf, someEmbedding, someWork, waitingFor } from './entry-samples.ts';
import type { RecordUnderTest } from './entry-record-harness.ts';

const DAY_MS = 86_400_000;
const NOTHING = { expired: 0, aged: 0, overLimit: 0, tombstones: 0 };

/** What retention in every record must do. */
export function describeEntryRetention(current: () => RecordUnderTest): void {
  describe('retention', () => {
    let record: EntryRecord;
    beforeEach(() => {
      ({ record } = current());
    });

    const daysAgo = (days: number) => new Date(Date.parse(current().now()) - days * DAY_MS).toISOString();
    /** Keeps everything unless told otherwise. */
    const policy = (changes: Partial<EntryRetention> = {}): EntryRetention => ({
      before: daysAgo(365),
      limitBytes: 1e9,
      tombstonesBefore: daysAgo(365),
      ...changes,
    });
    const isDeleted = async (words: string) => (await record.read(idOf(someWork(words))))?.isDeleted;

    test('what has expired or is too old goes, everything else stays', async () => {
      const { pass, now } = current();
      await record.put(someWork('old'));
      pass(10 * DAY_MS);
      await record.put(someWork('expired', { expiresAt: new Date(Date.parse(now()) + 1000).toISOString() }));
      await record.put(someWork('not yet', { expiresAt: new Date(Date.parse(now()) + DAY_MS).toISOString() }));
      await record.put(someWork('young'));
      pass(1000);
      expect(await record.retain(policy({ before: daysAgo(5) }), false)).toEqual({ ...NOTHING, expired: 1, aged: 1 });
      expect(await Promise.all(['old', 'expired', 'not yet', 'young'].map(isDeleted))).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect(await record.retain(policy({ before: daysAgo(5) }), false)).toEqual(NOTHING);
    });

    test('an entry is as old as its last change', async () => {
      const { pass } = current();
      await record.put(someWork('a'));
      pass(10 * DAY_MS);
      await record.put(someWork('a', { text: 'changed' }));
      expect(await record.retain(policy({ before: daysAgo(5) }), false)).toEqual(NOTHING);
    });

    test('above the limit the oldest go until the rest fits', async () => {
      const { pass } = current();
      for (let index = 0; index < 10; index += 1) {
        await record.put(someWork(`entry ${index}`, { text: 'x'.repeat(10_000) }));
        pass(1000);
      }
      const { sizeBytes } = await record.stats();
      expect(await record.retain(policy({ limitBytes: sizeBytes }), false)).toEqual(NOTHING);
      const limit = policy({ limitBytes: 45_000 });
      expect(await record.retain(limit, true)).toEqual({ ...NOTHING, overLimit: 6 });
      expect(await record.retain(limit, false)).toEqual({ ...NOTHING, overLimit: 6 });
      expect((await record.stats()).sizeBytes).toBeLessThanOrEqual(45_000);
      expect(await Promise.all([5, 6].map((index) => isDeleted(`entry ${index}`)))).toEqual([true, false]);
      expect(await record.retain(policy({ limitBytes: 0 }), false)).toEqual({ ...NOTHING, overLimit: 4 });
    });

    test('a dry run counts each entry once and changes nothing', async () => {
      const { pass, now } = current();
      await record.put(someWork('old and expired', { expiresAt: now() }));
      await record.put(someWork('old'));
      await record.put(someWork('removed'));
      await record.remove(idOf(someWork('removed')));
      pass(10 * DAY_MS);
      await record.put(someWork('young'));
      const everything = policy({ before: daysAgo(5), limitBytes: 0, tombstonesBefore: daysAgo(5) });
      const before = await record.list({ limit: 10 });
      const report = { expired: 1, aged: 1, overLimit: 1, tombstones: 1 };
      expect(await record.retain(everything, true)).toEqual(report);
      expect(await record.list({ limit: 10 })).toEqual(before);
      expect(await record.retain(everything, false)).toEqual(report);
      expect(await record.list({ limit: 10 })).toMatchObject([
        { isDeleted: true },
        { isDeleted: true },
        { isDeleted: true },
      ]);
    });

    test('what goes reaches the copies as a removal', async () => {
      const { pass } = current();
      await record.setTargets(['redis']);
      const { id } = await record.put(someWork('a'));
      await acknowledgeAll(record, 'redis');
      pass(10 * DAY_MS);
      await record.retain(policy({ before: daysAgo(5) }), false);
      expect(await waitingFor(record, 'redis')).toEqual([id]);
      expect(await record.read(id)).toMatchObject({ isDeleted: true, version: 2 });
    });

    test('a tombstone goes only when it is old enough and every copy has confirmed it', async () => {
      const { pass } = current();
      await record.setTargets(['redis', 'postgres']);
      const { id } = await record.put(someWork('a'));
      await record.remove(id);
      const old = () => policy({ tombstonesBefore: daysAgo(1) });
      await acknowledgeAll(record, 'redis');
      expect(await record.retain(old(), false)).toEqual(NOTHING);
      pass(2 * DAY_MS);
      expect(await record.retain(old(), false)).toEqual(NOTHING);
      await acknowledgeAll(record, 'postgres');
      expect(await record.retain(old(), false)).toEqual({ ...NOTHING, tombstones: 1 });
      expect(await record.read(id)).toBeUndefined();
    });

    test('a tombstone waits for no vectors, which may never be made', async () => {
      await record.setTargets(['redis', 'chroma', 'sqlite-vectors']);
      const { id } = await record.put(someWork('a'));
      await record.remove(id);
      current().pass(2 * DAY_MS);
      const old = policy({ tombstonesBefore: daysAgo(1) });
      expect((await record.retain(old, false)).tombstones).toBe(0);
      await acknowledgeAll(record, 'redis');
      expect((await record.retain(old, false)).tombstones).toBe(1);
    });

    test('the tombstone that a copy refused stays until the copy begins anew and takes it', async () => {
      const { pass } = current();
      await record.setTargets(['redis']);
      const { id } = await record.put(someWork('a'));
      await record.remove(id);
      const [row] = await record.readOutbox('redis', 1);
      await record.bury('redis', row ?? { id, sequence: 0 }, 'refused');
      await record.put(someWork('b'));
      await acknowledgeAll(record, 'redis');
      pass(2 * DAY_MS);
      expect((await record.retain(policy({ tombstonesBefore: daysAgo(1) }), false)).tombstones).toBe(0);
      await record.restart('redis');
      await acknowledgeAll(record, 'redis');
      expect((await record.retain(policy({ tombstonesBefore: daysAgo(1) }), false)).tombstones).toBe(1);
    });

    test('versions go on where a forgotten tombstone ended, so that no older copy outranks a new entry', async () => {
      const { pass } = current();
      for (const text of ['one', 'two', 'three']) await record.put(someWork('a', { text }));
      await record.remove(idOf(someWork('a')));
      pass(2 * DAY_MS);
      expect((await record.retain(policy({ tombstonesBefore: daysAgo(1) }), false)).tombstones).toBe(1);
      expect((await record.put(someWork('a'))).version).toBeGreaterThan(4);
    });

    test('what may be older than a forgotten tombstone is not recovered from a copy, and may be imported', async () => {
      const { pass } = current();
      const old = await record.put(someWork('a'));
      await record.remove(old.id);
      pass(2 * DAY_MS);
      expect((await record.retain(policy({ tombstonesBefore: daysAgo(1) }), false)).tombstones).toBe(1);
      expect(await record.recover({ ...old, version: 2 })).toBe(false);
      expect(await record.read(old.id)).toBeUndefined();
      expect(await record.recover({ ...old, version: 3 })).toBe(true);
      expect(await record.recover({ ...old, version: 3 })).toBe(false);
      const known = await record.put(someWork('b'));
      expect(await record.recover({ ...known, version: known.version + 1 })).toBe(true);
      const imported = { ...old, key: someWork('c').key, id: idOf(someWork('c')) };
      expect(await record.adopt(imported)).toBe(true);
      expect(await record.read(imported.id)).toEqual(imported);
    });

    test('a sequence is never given twice, even when the newest change has been forgotten', async () => {
      const { pass } = current();
      await record.setTargets(['redis']);
      await record.put(someWork('a'));
      await record.remove(idOf(someWork('a')));
      await acknowledgeAll(record, 'redis');
      pass(2 * DAY_MS);
      await record.retain(policy({ tombstonesBefore: daysAgo(1) }), false);
      const { id } = await record.put(someWork('b'));
      expect(await waitingFor(record, 'redis')).toEqual([id]);
    });

    test('many entries of every kind go, embeddings included', async () => {
      const { pass } = current();
      for (let index = 0; index < 450; index += 1) await record.put(someEmbedding(`text ${index}`));
      pass(10 * DAY_MS);
      expect((await record.retain(policy({ before: daysAgo(5) }), false)).aged).toBe(450);
      pass(10 * DAY_MS);
      expect((await record.retain(policy({ tombstonesBefore: daysAgo(5) }), false)).tombstones).toBe(450);
      expect(await record.stats()).toMatchObject({ tombstones: 0, sizeBytes: 0 });
    });
  });
}
