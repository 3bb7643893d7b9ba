import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import { backupPath } from '../../memory/sqlite/migrate-database.ts';
import { readMigrations } from '../../memory/sqlite/migration-files.ts';
import { DATABASE_FILE, openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createChildren, killChild } from '../support/child-processes.ts';
import { smallDiskCommand } from '../support/small-disk.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 60_000, interval: 10 };

/** Starting a process through tsx takes seconds on a busy machine. */
const TIMEOUT_MS = 120_000;
const CHILD = fileURLToPath(new URL('./memory-child.ts', import.meta.url));
const children = createChildren(CHILD);
const { start, runTogether } = children;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-memory-'));
});
afterEach(async () => {
  await children.killAll();
  await rm(folder, { recursive: true });
});

test('two processes with 5,000 writes each never find the database locked', { timeout: TIMEOUT_MS }, async () => {
  const outcomes = await runTogether(['write', folder, 'a', '5000'], ['write', folder, 'b', '5000']);
  expect(outcomes).toEqual([[], []]);
  expect(checkIntegrity()).toEqual([]);
  const memory = await openSqliteMemory({ folder });
  expect(await memory.runs.countOpen()).toBe(2000);
  const shared = await memory.events.read('shared run' as RunId, 0, 10_000);
  expect(shared.map((event) => event.sequence)).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
  await memory.close();
});

test(
  'two processes that offer different values under the same keys get the same ones',
  { timeout: TIMEOUT_MS },
  async () => {
    const [a, b] = await runTogether(['accept', folder, 'of a', '2000'], ['accept', folder, 'of b', '2000']);
    expect(a).toHaveLength(2000);
    expect(b).toEqual(a);
  },
);

test(
  'six processes that start together on an empty folder all get the same schema',
  { timeout: TIMEOUT_MS },
  async () => {
    const outcomes = await runTogether(...Array.from({ length: 6 }, () => ['open', folder]));
    expect(new Set(outcomes)).toEqual(new Set([readMigrations().length]));
    expect(checkIntegrity()).toEqual([]);
  },
);

test(
  'processes that start together migrate an older database once, after a backup',
  { timeout: TIMEOUT_MS },
  async () => {
    const path = join(folder, 'old.sqlite');
    const migrations = await writeMigrations('CREATE TABLE a (x INTEGER) STRICT;');
    await runTogether(['migrate', path, migrations]);
    await writeFile(join(migrations, '0002-second.sql'), 'CREATE TABLE b (x INTEGER) STRICT;');
    await writeFile(join(migrations, '0003-third.sql'), 'INSERT INTO a VALUES (3);');
    const outcomes = await runTogether(...Array.from({ length: 4 }, () => ['migrate', path, migrations]));
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => [1, 2, 3]));
    expect(query(path, 'SELECT count(*) FROM a')).toEqual([1]);
    expect(query(backupPath(path, 1), 'SELECT version FROM schema_migrations')).toEqual([1]);
  },
);

test(
  'a process killed in the middle of a migration leaves what was, and the next one completes it',
  { timeout: TIMEOUT_MS },
  async () => {
    const path = join(folder, 'old.sqlite');
    const marker = join(folder, 'paused');
    const migrations = await writeMigrations('CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);');
    await runTogether(['migrate', path, migrations]);
    const halting = 'UPDATE a SET x = 2; CREATE TABLE b (x INTEGER) STRICT; SELECT pause();';
    await writeFile(join(migrations, '0002-halting.sql'), halting);
    const child = await start(['migrateAndPause', path, migrations, marker]);
    child.go();
    await expect.poll(() => existsSync(marker), PATIENTLY).toBe(true);
    await killChild(child.process);

    expect(query(path, 'SELECT x FROM a')).toEqual([1]);
    expect(query(path, "SELECT name FROM sqlite_schema WHERE name = 'b'")).toEqual([]);
    expect(query(backupPath(path, 1), 'SELECT x FROM a')).toEqual([1]);
    await writeFile(join(migrations, '0002-halting.sql'), halting.replace(' SELECT pause();', ''));
    expect(await runTogether(['migrate', path, migrations])).toEqual([[1, 2]]);
    expect(query(path, 'SELECT x FROM a')).toEqual([2]);
  },
);

test('what a process had stored when it was killed is there afterwards', { timeout: TIMEOUT_MS }, async () => {
  const child = await start(['append', folder]);
  child.go();
  await expect.poll(() => child.lines.length, PATIENTLY).toBeGreaterThan(500);
  await killChild(child.process);
  const acknowledged = Number(child.lines.at(-1));
  const memory = await openSqliteMemory({ folder });
  const events = await memory.events.read('run' as RunId, 0, 1_000_000);
  expect(events.length).toBeGreaterThanOrEqual(acknowledged);
  expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
  await memory.close();
  expect(checkIntegrity()).toEqual([]);
});

test('a subscriber sees within a second what another process writes', { timeout: TIMEOUT_MS }, async () => {
  const memory = await openSqliteMemory({ folder });
  const delays: number[] = [];
  const controller = new AbortController();
  const child = await start(['append', folder]);
  child.go();
  for await (const event of memory.events.subscribe('run' as RunId, 0, controller.signal)) {
    delays.push(Date.now() - Date.parse(event.at));
    if (event.sequence === 300) controller.abort();
  }
  await killChild(child.process);
  await memory.close();
  expect(delays).toHaveLength(300);
  // The middle one: a machine that is busy with other tests may hold up any single event.
  expect(delays.sort((a, b) => a - b)[150]).toBeLessThan(1000);
});

test(
  'a full disk is reported, loses nothing, and is over when there is space again',
  { timeout: TIMEOUT_MS },
  async (context) => {
    const disk = smallDiskCommand(folder);
    if ('reason' in disk) {
      context.skip(disk.reason);
      return;
    }
    const child = await start(['fillDisk', folder], disk.command);
    child.go();
    const outcome = (await child.outcome) as Record<string, unknown>;
    expect(outcome).toMatchObject({
      failure: { type: 'StoreUnavailable', details: { action: 'artifacts.putText', code: 'SQLITE_FULL' } },
      lost: 0,
      afterwards: expect.stringMatching(/^[0-9a-f]{64}$/),
      kept: Number(outcome['written']) + 1,
      problems: [],
    });
    expect(outcome['written']).toBeGreaterThan(10);
  },
);

async function writeMigrations(first: string): Promise<string> {
  const path = await mkdtemp(join(folder, 'migrations-'));
  await writeFile(join(path, '0001-first.sql'), first);
  return path;
}

function query(path: string, sql: string): unknown[] {
  const database = new Database(path);
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

function checkIntegrity(): unknown[] {
  return query(join(folder, DATABASE_FILE), 'PRAGMA integrity_check').filter((finding) => finding !== 'ok');
}
