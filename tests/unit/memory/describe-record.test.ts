import { expect, test } from 'vitest';
import type { EntryRecord } from '../../../memory/entry-ports.ts';
import { createRecordStatus } from '../../../memory/entries/describe-record.ts';
import { createHitCounter } from '../../../memory/entries/hit-counter.ts';

function setStage() {
  const stage = { lessons: 0, counts: 0, isAway: false, elapsedMs: 0 };
  const record = {
    read: async () => {
      if (stage.isAway) throw new Error('the disk is full');
    },
    stats: async () => {
      stage.counts += 1;
      return { countByKind: { answer: 1, work: 2, lesson: stage.lessons, embedding: 3 }, tombstones: 4, sizeBytes: 5 };
    },
  } as Partial<EntryRecord> as EntryRecord;
  const hits = createHitCounter();
  const look = createRecordStatus({ record, name: 'sqlite', hits, elapsedMs: () => stage.elapsedMs });
  return { stage, look };
}

test('a few entries are counted at once, whoever asks', async () => {
  const { stage, look } = setStage();
  expect(await look()).toMatchObject({ tier: 'L2', state: 'up', entries: 6 });
  stage.lessons = 1;
  expect(await look()).toMatchObject({ entries: 7 });
});

test('many entries are counted once in ten seconds, and whether the record is there is seen each time', async () => {
  const { stage, look } = setStage();
  stage.lessons = 10_000;
  for (let asked = 0; asked < 5; asked += 1) expect(await look()).toMatchObject({ entries: 10_006 });
  expect(stage.counts).toBe(1);
  stage.isAway = true;
  expect(await look()).toMatchObject({ state: 'down', detail: 'the disk is full', entries: null });
  stage.isAway = false;
  stage.lessons += 1;
  stage.elapsedMs += 10_000;
  expect(await look()).toMatchObject({ state: 'up', entries: 10_007 });
  expect(stage.counts).toBe(2);
});
