import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EntryId, RunId } from '../../domain/ids.ts';
import { ENTRY_KINDS, type KeptEntry, type NewEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../../memory/content-hash.ts';
import type { EntryRecord } from '../../memory/entry-ports.ts';
import { createResult } from './memory-fixtures.ts';
import { idOf, ONE_OF_EACH, someAnswer, someEmbedding, someLesson, someWork } from './entry-samples.ts';
import { describeEntryOutbox } from './entry-outbox-contract.ts';
import type { EntryRecordHarness, RecordUnderTest } from './entry-record-harness.ts';
import { describeEntryRetention } from './entry-retention-contract.ts';
import { describeTextSearch } from './entry-search-contract.ts';

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

/** What every system of record must do. `createHarness` gives each test an empty one. */
export function describeEntryRecord(name: string, createHarness: () => Promise<EntryRecordHarness>): void {
  describe(`${name} keeps the contract of the system of record`, () => {
    let harness: EntryRecordHarness;
    let record: EntryRecord;
    let timeMs: number;
    beforeEach(async () => {
      timeMs = START_MS;
      harness = await createHarness();
      record = await harness.open(() => timeMs);
    });
    afterEach(async () => harness.dispose());

    const now = () => new Date(timeMs).toISOString();
    const pass = (ms: number) => {
      timeMs += ms;
    };
    const current = (): RecordUnderTest => ({ record, harness, pass, now });

    test('a record has an identity for good, and no other has it', async () => {
      const identity = await record.identity();
      expect(identity).toMatch(/^[0-9a-f]{32}$/);
      expect(await (await harness.open()).identity()).toBe(identity);
      const another = await createHarness();
      expect(await (await another.open()).identity()).not.toBe(identity);
      await another.dispose();
    });

    describe('put and read', () => {
      test('an entry of each kind comes back as it was put, from another connection, too', async () => {
        const other = await harness.open();
        for (const kind of ENTRY_KINDS) {
          const entry = ONE_OF_EACH[kind](`of ${kind}`);
          const kept = await record.put(entry);
          const rest = { id: idOf(entry), version: 1, isDeleted: false, createdAt: now(), updatedAt: now() };
          expect(kept).toEqual({ ...entry, ...rest });
          expect(await record.read(kept.id)).toEqual(kept);
          expect(await other.read(kept.id)).toEqual(kept);
        }
      });

      test('any text comes back unchanged', async () => {
        for (const text of [
          '',
          'ä€😀',
          'a\u0000b',
          "'; DROP TABLE entries; --",
          '"quoted" \\ \n\t',
          'x'.repeat(300_000),
        ]) {
          const work = someWork(`text ${text.slice(0, 10)}`, { text });
          const value = { ...work.value, kind: 'work', code: text } as NewEntry['value'];
          const { id } = await record.put({ ...work, value });
          expect(await record.read(id)).toMatchObject({ text, value: { code: text } });
        }
      });

      test('half a character is no reason for a new version', async () => {
        const broken = someWork('a', { text: 'half \ud800 of it' });
        const first = await record.put(broken);
        expect(await record.read(first.id)).toEqual(first);
        expect(await record.put(broken)).toEqual(first);
      });

      test('an unknown ID gives undefined', async () => {
        expect(await record.read(hashText('nothing') as string as EntryId)).toBeUndefined();
      });

      test('each change is one version more, and keeps when the entry was made', async () => {
        const first = await record.put(someWork('a'));
        pass(1000);
        const second = await record.put(someWork('a', { text: 'other words' }));
        expect(second).toMatchObject({ version: 2, createdAt: first.createdAt, updatedAt: now(), text: 'other words' });
        pass(1000);
        const third = await record.put(someWork('a', { text: 'other words', expiresAt: '2027-01-01T00:00:00.000Z' }));
        expect(third).toMatchObject({ version: 3, expiresAt: '2027-01-01T00:00:00.000Z' });
        expect(await record.read(first.id)).toEqual(third);
      });

      test('the same once more is no new version, whoever puts it and in whatever order its fields are', async () => {
        const first = await record.put(someAnswer('a'));
        pass(1000);
        const { value } = someAnswer('a');
        const turned = Object.fromEntries(Object.entries(value).toReversed()) as unknown as NewEntry['value'];
        const again = { ...someAnswer('a'), value: turned, runId: 'another run' as RunId };
        expect(await record.put(again)).toEqual(first);
        expect(await record.read(first.id)).toEqual(first);
      });

      test('namespaces, kinds and keys are places of their own', async () => {
        const entries = [someWork('a'), someWork('a', { namespace: 'team/mona' }), someLesson('a'), someWork('b')];
        for (const entry of entries) expect((await record.put(entry)).version).toBe(1);
        expect(new Set(entries.map(idOf)).size).toBe(4);
        await record.remove(idOf(someWork('a')));
        expect(await record.read(idOf(someWork('a', { namespace: 'team/mona' })))).toMatchObject({ isDeleted: false });
      });

      test('several are read at once, in the order of the question, without those that are not there', async () => {
        const a = await record.put(someWork('a'));
        const b = await record.put(someWork('b'));
        await record.remove(a.id);
        const missing = hashText('nothing') as string as EntryId;
        expect(await record.readMany([b.id, missing, a.id])).toMatchObject([b, { id: a.id, isDeleted: true }]);
        expect(await record.readMany([])).toEqual([]);
      });

      test('what is not verified, was recalled itself or is no entry is refused and leaves nothing', async () => {
        const answer = someAnswer('a');
        const withResult = (changes: object) => ({
          ...answer,
          value: { ...answer.value, result: { ...createResult('verified'), ...changes } },
        });
        const bad = [
          ...(['consistent', 'unverified', 'partial'] as const).map((state) => withResult({ state })),
          withResult({ recalledFrom: 'r0' }),
          { ...answer, value: { ...answer.value, texts: {} } },
          { ...answer, kind: 'work' },
          { ...answer, namespace: '../secrets' },
          { ...answer, namespace: "x' OR '1'='1" },
          { ...answer, key: 'no hash' },
          { ...answer, expiresAt: 'tomorrow' },
          { ...someEmbedding('e'), value: { kind: 'embedding', model: 'm', vector: [Number.NaN] } },
        ];
        for (const entry of bad) {
          await expect(record.put(entry as NewEntry)).rejects.toMatchObject({ type: 'InvariantBroken' });
        }
        expect(await record.list({ limit: 100 })).toEqual([]);
      });

      test('fifty writers of two connections give each change its own version', async () => {
        const other = await harness.open();
        const writers = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? record : other));
        const kept = await Promise.all(
          writers.map((writer, index) => writer.put(someWork('shared', { text: `text ${index}` }))),
        );
        const versions = kept.map((entry) => entry.version).toSorted((a, b) => a - b);
        expect(versions).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
        const newest = kept.find((entry) => entry.version === 50);
        expect(await record.read(idOf(someWork('shared')))).toEqual(newest);
      });
    });

    describe('remove', () => {
      test('a removed entry leaves a tombstone of a higher version and nothing of its text', async () => {
        const kept = await record.put(someWork('a'));
        pass(1000);
        expect(await record.remove(kept.id)).toBe(true);
        const { id, namespace, kind, key } = kept;
        const tombstone = { id, namespace, kind, key, version: 2, updatedAt: now(), isDeleted: true };
        expect(await record.read(id)).toEqual(tombstone);
        expect(await record.list({ limit: 10 })).toEqual([tombstone]);
      });

      test('there is nothing to remove twice, or where nothing was', async () => {
        const { id } = await record.put(someWork('a'));
        await record.remove(id);
        expect(await record.remove(id)).toBe(false);
        expect(await record.read(id)).toMatchObject({ version: 2 });
        expect(await record.remove(hashText('nothing') as string as EntryId)).toBe(false);
      });

      test('the same put after a removal is a new version, made anew', async () => {
        const { id } = await record.put(someWork('a'));
        await record.remove(id);
        pass(1000);
        expect(await record.put(someWork('a'))).toMatchObject({ version: 3, createdAt: now() });
        expect(await record.read(id)).toMatchObject({ isDeleted: false, version: 3 });
      });
    });

    describe('adopt', () => {
      const foreign = (version: number, changes: Partial<NewEntry> = {}): KeptEntry => ({
        ...someWork('a', changes),
        id: idOf(someWork('a')),
        version,
        isDeleted: false,
        createdAt: '2020-01-01T00:00:00.000Z',
        updatedAt: '2020-02-02T00:00:00.000Z',
      });

      test('an entry that is not here comes in exactly as it is', async () => {
        expect(await record.adopt(foreign(7))).toBe(true);
        expect(await record.read(idOf(foreign(7)))).toEqual(foreign(7));
        expect(await record.put(someWork('a', { text: 'newer' }))).toMatchObject({ version: 8 });
      });

      test('it never lowers a version and never changes what has the same', async () => {
        const kept = await record.put(someWork('a'));
        for (const entry of [foreign(1, { text: 'other' }), { ...foreign(1), version: 1 }]) {
          expect(await record.adopt(entry)).toBe(false);
        }
        expect(await record.read(kept.id)).toEqual(kept);
        expect(await record.adopt(foreign(2, { text: 'newer' }))).toBe(true);
        expect(await record.adopt(foreign(1))).toBe(false);
        expect(await record.read(kept.id)).toMatchObject({ version: 2, text: 'newer' });
      });

      test('an old copy does not bring back what was deleted; a tombstone comes in like an entry', async () => {
        const { id, namespace, kind, key } = await record.put(someWork('a'));
        await record.remove(id);
        expect(await record.adopt(foreign(2))).toBe(false);
        const tombstone = { id, namespace, kind, key, version: 9, updatedAt: now(), isDeleted: true } as const;
        expect(await record.adopt(tombstone)).toBe(true);
        expect(await record.read(id)).toEqual(tombstone);
        expect(await record.adopt(foreign(9))).toBe(false);
      });
    });

    describe('list', () => {
      test('all entries come in the order of their IDs, page by page, each once', async () => {
        const ids: EntryId[] = [];
        for (let index = 0; index < 25; index += 1) ids.push((await record.put(someWork(`entry ${index}`))).id);
        const seen: EntryId[] = [];
        for (let after: EntryId | undefined; ; after = seen.at(-1)) {
          const page = await record.list({ limit: 10, ...(after && { after }) });
          seen.push(...page.map((entry) => entry.id));
          if (page.length < 10) break;
        }
        expect(seen).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)));
      });

      test('only what is asked for, tombstones and expired ones included', async () => {
        await record.put(someWork('work', { namespace: 'a' }));
        await record.put(someLesson('lesson', { namespace: 'a', expiresAt: now() }));
        await record.put(someAnswer('answer', 'p', { namespace: 'b' }));
        await record.remove(idOf(someWork('work', { namespace: 'a' })));
        const kinds = async (filter: object) =>
          (await record.list({ limit: 10, ...filter })).map((entry) => entry.kind).toSorted();
        expect(await kinds({})).toEqual(['answer', 'lesson', 'work']);
        expect(await kinds({ namespace: 'a' })).toEqual(['lesson', 'work']);
        expect(await kinds({ namespace: 'a', kinds: ['lesson', 'answer'] })).toEqual(['lesson']);
        expect(await kinds({ kinds: ['answer'] })).toEqual(['answer']);
        expect(await kinds({ kinds: [] })).toEqual([]);
        expect(await kinds({ kinds: ['answer', 'answer'] })).toEqual(['answer']);
        expect(await kinds({ namespace: "a' OR '1'='1" })).toEqual([]);
      });

      test('what one run has left, of the kinds and the namespace that are asked for, page by page', async () => {
        const mine = { runId: 'mine' as RunId };
        await record.put(someWork('work', mine));
        await record.put(someLesson('lesson', { ...mine, namespace: 'a' }));
        await record.put(someAnswer('answer', 'p', mine));
        await record.put(someWork('of another run'));
        await record.put(someWork('deleted', mine));
        await record.remove(idOf(someWork('deleted')));
        const list = async (filter: object) => record.list({ limit: 10, ...mine, ...filter });
        const kinds = async (filter: object) => (await list(filter)).map((entry) => entry.kind).toSorted();
        expect(await kinds({})).toEqual(['answer', 'lesson', 'work']);
        expect(await kinds({ namespace: 'a' })).toEqual(['lesson']);
        expect(await kinds({ kinds: ['work', 'lesson'] })).toEqual(['lesson', 'work']);
        expect(await kinds({ kinds: [] })).toEqual([]);
        expect(await kinds({ runId: "mine' OR '1'='1" })).toEqual([]);
        const [first] = await list({ limit: 1 });
        expect(await list({ after: first?.id })).toEqual((await list({})).slice(1));
      });

      test('a limit that is no page size is rejected', async () => {
        for (const limit of [0, -1, 1.5, Number.NaN, 1_000_000]) {
          await expect(record.list({ limit })).rejects.toMatchObject({ type: 'RequestRejected' });
        }
      });
    });

    describe('stats', () => {
      test('they count what can be used, by kind, and its bytes', async () => {
        const nothing = { countByKind: { answer: 0, work: 0, lesson: 0, embedding: 0 }, tombstones: 0, sizeBytes: 0 };
        expect(await record.stats()).toEqual(nothing);
        for (const kind of ENTRY_KINDS) await record.put(ONE_OF_EACH[kind]('one'));
        const { sizeBytes } = await record.stats();
        await record.put(someWork('big', { text: 'ä'.repeat(5000) }));
        expect((await record.stats()).sizeBytes - sizeBytes).toBeGreaterThanOrEqual(10_000);
        await record.put(someWork('short-lived', { expiresAt: new Date(START_MS + 1000).toISOString() }));
        await record.remove(idOf(someWork('one')));
        expect((await record.stats()).countByKind).toEqual({ answer: 1, work: 2, lesson: 1, embedding: 1 });
        pass(1000);
        expect(await record.stats()).toMatchObject({
          countByKind: { answer: 1, work: 1, lesson: 1, embedding: 1 },
          tombstones: 1,
        });
      });
    });

    describeTextSearch(current);
    describeEntryOutbox(current);
    describeEntryRetention(current);
  });
}
