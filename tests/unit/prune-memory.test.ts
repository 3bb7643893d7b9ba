import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EntryMemory, EntryRetention } from '../../memory/entry-ports.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { startPruning } from '../../workers/prune-memory.ts';
import { createRun, runId } from '../contract/memory-fixtures.ts';

const RETENTION: EntryRetention = {
  before: '2020-01-01T00:00:00.000Z',
  limitBytes: 1_000_000,
  tombstonesBefore: '2020-01-01T00:00:00.000Z',
};

let folder: string;
let memory: Memory;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-prune-'));
  memory = await openSqliteMemory({ folder, now: () => Date.parse('2020-01-01T00:00:00.000Z') });
  await memory.runs.insert({ ...createRun('old'), createdAt: '2020-01-01T00:00:00.000Z' });
  await memory.runs.update(runId('old'), { status: 'completed' });
});
afterEach(async () => {
  await memory.close();
  await rm(folder, { recursive: true });
});

/** Prunes until the old run is gone; returns what was logged by then. */
async function pruneRuns(retain: EntryMemory['retain']): Promise<readonly string[]> {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const stop = startPruning({ memory, entries: { retain }, runDays: 1, entryRetention: () => RETENTION, log });
  await expect.poll(() => memory.runs.find(runId('old'))).toBeUndefined();
  await expect.poll(() => lines.at(-1)).toContain('"pruned"');
  stop();
  return lines;
}

test('entries and runs are pruned at once, and it is told how many went', async () => {
  const lines = await pruneRuns((...asked) => memory.entries.retain(...asked));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ runs: 1, entries: { expired: 0, aged: 0 } });
});

test('runs are pruned when entries cannot be, and that is told', async () => {
  const lines = await pruneRuns(async () => Promise.reject(new Error('the disk is full')));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('the disk is full');
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ runs: 1, entries: null });
});
