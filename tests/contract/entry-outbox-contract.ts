import { beforeEach, describe, expect, test } from 'vitest';
import type { EntryRecord } from '../../memory/entry-ports.ts';
import { acknowledgeAll, idOf, someAnswer, someEmbedding, someLesson, someWork, waitingFor } from './entry-samples.ts';
import type { RecordUnderTest } from './entry-record-harness.ts';

const NOTHING = { rows: 0, oldestAt: null, deadLetters: 0 };

/** What the outbox of every record must do. */
export function describeEntryOutbox(current: () => RecordUnderTest): void {
  describe('outbox', () => {
    let record: EntryRecord;
    beforeEach(async () => {
      ({ record } = current());
      await record.setTargets(['redis', 'postgres']);
    });

    test('every change of an entry waits for every copy, in the order of the changes', async () => {
      const a = await record.put(someWork('a'));
      const b = await record.put(someAnswer('b'));
      const c = await record.put(someLesson('c'));
      for (const target of ['redis', 'postgres'] as const) {
        expect(await waitingFor(record, target)).toEqual([a.id, b.id, c.id]);
      }
      expect((await record.readOutbox('redis', 2)).map((row) => row.id)).toEqual([a.id, b.id]);
      await acknowledgeAll(record, 'redis');
      await record.remove(a.id);
      expect(await waitingFor(record, 'redis')).toEqual([a.id]);
    });

    test('what is confirmed waits no more for that copy, and still for the others', async () => {
      for (const words of ['a', 'b', 'c']) await record.put(someWork(words));
      const rows = await record.readOutbox('redis', 10);
      await record.acknowledge('redis', rows[1]?.sequence ?? 0);
      expect(await waitingFor(record, 'redis')).toEqual([rows[2]?.id]);
      expect(await waitingFor(record, 'postgres')).toHaveLength(3);
      await record.acknowledge('redis', rows[0]?.sequence ?? 0);
      expect(await waitingFor(record, 'redis')).toEqual([rows[2]?.id]);
    });

    test('an entry that changes again after it was read waits again', async () => {
      const { id } = await record.put(someWork('a'));
      const rows = await record.readOutbox('redis', 10);
      await record.put(someWork('a', { text: 'newer' }));
      await record.acknowledge('redis', rows[0]?.sequence ?? 0);
      expect(await waitingFor(record, 'redis')).toEqual([id]);
    });

    test('what changes nothing, and embeddings, leave nothing', async () => {
      const { id } = await record.put(someWork('a'));
      await acknowledgeAll(record, 'redis');
      await record.put(someWork('a'));
      await record.adopt({ ...someWork('a'), id, version: 1, isDeleted: false, createdAt: '', updatedAt: '' });
      await record.put(someEmbedding('e'));
      await record.remove(idOf(someEmbedding('e')));
      expect(await waitingFor(record, 'redis')).toEqual([]);
      expect(await record.lag('redis')).toEqual(NOTHING);
    });

    test('what was adopted goes on to the copies', async () => {
      const { now } = current();
      const id = idOf(someWork('a'));
      await record.adopt({ ...someWork('a'), id, version: 4, isDeleted: false, createdAt: now(), updatedAt: now() });
      expect(await waitingFor(record, 'redis')).toEqual([id]);
    });

    test('a new copy has everything to come, one that stays goes on where it was', async () => {
      const a = await record.put(someWork('a'));
      await record.put(someEmbedding('e'));
      await acknowledgeAll(record, 'redis');
      await record.setTargets(['redis', 'chroma']);
      expect(await waitingFor(record, 'redis')).toEqual([]);
      expect(await waitingFor(record, 'chroma')).toEqual([a.id]);
      await acknowledgeAll(record, 'chroma');
      await record.setTargets([]);
      await record.setTargets(['redis']);
      expect(await waitingFor(record, 'redis')).toEqual([a.id]);
    });

    test('a copy that is not kept has everything to come, and a confirmation of it changes nothing', async () => {
      const { id } = await record.put(someWork('a'));
      expect(await waitingFor(record, 'chroma')).toEqual([id]);
      await acknowledgeAll(record, 'chroma');
      await record.restart('chroma');
      expect((await record.lag('chroma')).rows).toBe(1);
    });

    test('a restart gives one copy everything once more, tombstones included', async () => {
      const a = await record.put(someWork('a'));
      const b = await record.put(someWork('b'));
      await record.remove(a.id);
      for (const target of ['redis', 'postgres'] as const) await acknowledgeAll(record, target);
      await record.restart('redis');
      expect((await waitingFor(record, 'redis')).toSorted()).toEqual([a.id, b.id].toSorted());
      expect(await waitingFor(record, 'postgres')).toEqual([]);
    });

    test('a confirmation from before a restart confirms nothing', async () => {
      for (const words of ['a', 'b', 'c']) await record.put(someWork(words));
      const before = await record.readOutbox('redis', 10);
      await record.restart('redis');
      await record.acknowledge('redis', before.at(-1)?.sequence ?? 0);
      expect(await waitingFor(record, 'redis')).toHaveLength(3);
      await record.restart('redis');
      await record.bury('redis', before[0] ?? { id: idOf(someWork('a')), sequence: 0 }, 'late');
      expect(await record.lag('redis')).toMatchObject({ rows: 3, deadLetters: 0 });
      await acknowledgeAll(record, 'redis');
      expect(await waitingFor(record, 'redis')).toEqual([]);
      const { id } = await record.put(someWork('d'));
      expect(await waitingFor(record, 'redis')).toEqual([id]);
    });

    test('a buried row is left out, counted, and tried again when its entry changes or the copy begins anew', async () => {
      const a = await record.put(someWork('a'));
      const b = await record.put(someWork('b'));
      const [first] = await record.readOutbox('redis', 1);
      await record.bury('redis', first ?? { id: a.id, sequence: 0 }, 'too large');
      expect(await waitingFor(record, 'redis')).toEqual([b.id]);
      expect(await waitingFor(record, 'postgres')).toEqual([a.id, b.id]);
      expect(await record.lag('redis')).toMatchObject({ rows: 1, deadLetters: 1 });
      await acknowledgeAll(record, 'redis');
      expect(await record.lag('redis')).toMatchObject({ rows: 0, deadLetters: 1 });
      await record.restart('redis');
      expect(await record.lag('redis')).toMatchObject({ rows: 2, deadLetters: 0 });
      const [again] = await record.readOutbox('redis', 1);
      await record.bury('redis', again ?? { id: a.id, sequence: 0 }, 'too large');
      await record.put(someWork('a', { text: 'smaller' }));
      expect(await waitingFor(record, 'redis')).toEqual([b.id, a.id]);
      expect((await record.lag('redis')).deadLetters).toBe(0);
    });

    test('the lag says how many wait, and since when', async () => {
      const { pass, now } = current();
      expect(await record.lag('redis')).toEqual(NOTHING);
      const firstAt = now();
      await record.put(someWork('a'));
      pass(60_000);
      const secondAt = now();
      await record.put(someWork('b'));
      expect(await record.lag('redis')).toEqual({ rows: 2, oldestAt: firstAt, deadLetters: 0 });
      const [first] = await record.readOutbox('redis', 1);
      await record.acknowledge('redis', first?.sequence ?? 0);
      expect(await record.lag('redis')).toEqual({ rows: 1, oldestAt: secondAt, deadLetters: 0 });
      await acknowledgeAll(record, 'redis');
      expect(await record.lag('redis')).toEqual(NOTHING);
      pass(60_000);
      await record.restart('redis');
      expect(await record.lag('redis')).toEqual({ rows: 2, oldestAt: now(), deadLetters: 0 });
    });

    test('another process sees the same outbox', async () => {
      const other = await current().harness.open();
      const { id } = await record.put(someWork('a'));
      expect(await waitingFor(other, 'redis')).toEqual([id]);
      await acknowledgeAll(other, 'redis');
      expect(await waitingFor(record, 'redis')).toEqual([]);
    });
  });
}
