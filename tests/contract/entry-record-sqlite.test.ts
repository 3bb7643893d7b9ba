import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Memory } from '../../memory/ports.ts';
import { COUNT_KINDS, createEntryRecord, selectPage, selectPageOfRun } from '../../memory/sqlite/entry-record.ts';
import { createTextSearch } from '../../memory/sqlite/entry-search.ts';
import { readMigrations } from '../../memory/sqlite/migration-files.ts';
import { openDatabase } from '../../memory/sqlite/open-database.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createConnection } from '../../memory/sqlite/sqlite-connection.ts';
import { createChildren } from '../support/child-processes.ts';
import { smallDiskCommand } from '../support/small-disk.ts';
import { describeEntryProcesses, type SharedRecordHarness } from './entry-processes-contract.ts';
import { describeEntryRecord } from './entry-record-contract.ts';
import { someWork } from './entry-samples.ts';

async function createHarness(): Promise<SharedRecordHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-entries-'));
  const opened: Memory[] = [];
  return {
    place: folder,
    async open(now) {
      const memory = await openSqliteMemory({ folder, ...(now && { now }) });
      opened.push(memory);
      return memory.entries;
    },
    async dispose() {
      for (const memory of opened) await memory.close();
      await rm(folder, { recursive: true });
    },
  };
}

test('a word of very many entries counts only where no rarer one is asked for, and then the newest entries do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-entries-'));
  const database = openDatabase(join(folder, 'test.sqlite'), readMigrations());
  const connection = createConnection(database, Date.now);
  const record = createEntryRecord(connection);
  const search = createTextSearch(connection, { commonEntries: 3, rankedEntries: 2 });
  const texts = ['python rare', 'python', 'python other words', 'python python python', 'python newest of all'];
  for (const text of texts) await record.put(someWork(text));
  const find = async (text: string) => {
    const hits = await search({ namespace: 'default', kinds: ['work'], text, limit: 10 });
    return (await record.readMany(hits.map((hit) => hit.id))).map((entry) => (entry.isDeleted ? '' : entry.text));
  };
  expect(await find('python rare')).toEqual(['python rare']);
  expect(await find('python')).toEqual(['python python python', 'python newest of all']);
  database.close();
  await rm(folder, { recursive: true });
});

test('a page is read from the index of each kind, counts from an index alone, and nothing is sorted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-entries-'));
  const database = openDatabase(join(folder, 'test.sqlite'), readMigrations());
  const explain = (sql: string, values: unknown) =>
    database
      .prepare<[unknown], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(values)
      .map(({ detail }) => detail)
      .filter((detail) => /SCAN|SEARCH|TEMP/.test(detail));
  const KINDS = ['answer', 'lesson'] as const;
  const page = { after: '', limit: 10 };
  const everywhere = 'SEARCH entries USING INDEX entries_by_kind (kind=? AND id>?)';
  expect(explain(selectPage(KINDS, false), page)).toEqual([everywhere, everywhere]);
  const within = 'SEARCH entries USING INDEX entries_by_namespace (namespace=? AND kind=? AND id>?)';
  expect(explain(selectPage(KINDS, true), { ...page, namespace: 'default' })).toEqual([within, within]);
  const ofRun = 'SEARCH entries USING INDEX entries_by_run (run_id=? AND id>?)';
  expect(explain(selectPageOfRun(KINDS, false), { ...page, runId: 'run' })).toEqual([ofRun]);
  expect(explain(COUNT_KINDS, '')).toEqual(['SCAN entries USING COVERING INDEX entries_by_count']);
  database.close();
  await rm(folder, { recursive: true });
});

describeEntryRecord('SQLite', createHarness);
describeEntryProcesses('sqlite', createHarness);

test('a full disk fails the put with a reason, and neither reads nor what is put when there is space again', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-entries-'));
  const children = createChildren(fileURLToPath(new URL('./entry-child.ts', import.meta.url)));
  try {
    const disk = smallDiskCommand(folder);
    if ('reason' in disk) {
      context.skip(disk.reason);
      return;
    }
    const child = await children.start(['fillDisk', 'sqlite', folder, folder], disk.command);
    child.go();
    const outcome = (await child.outcome) as Record<string, unknown>;
    const written = Number(outcome['written']);
    expect(written).toBeGreaterThan(10);
    expect(outcome).toMatchObject({
      failure: {
        type: 'StoreUnavailable',
        message: 'The disk of the database is full; free some space.',
        details: { action: 'entries.put', code: 'SQLITE_FULL' },
      },
      read: written,
      hits: written,
      waiting: written,
      afterwards: { version: 1, isDeleted: false },
    });
  } finally {
    await children.killAll();
    await rm(folder, { recursive: true });
  }
});
