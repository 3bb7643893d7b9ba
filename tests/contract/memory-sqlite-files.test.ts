import { chmod, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ContentHash, NodeId } from '../../domain/ids.ts';
import { backupPath } from '../../memory/sqlite/migrate-database.ts';
import { hashText } from '../../memory/content-hash.ts';
import { parseEntry } from '../../memory/entry-schema.ts';
import { createMigration, type Migration } from '../../memory/migrations.ts';
import { readMigrations } from '../../memory/sqlite/migration-files.ts';
import { openDatabase } from '../../memory/sqlite/open-database.ts';
import { DATABASE_FILE, openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { idOf, someAnswer, someLesson } from './entry-samples.ts';
import { createResult, runId } from './memory-fixtures.ts';

const FIRST = createMigration('0001-first.sql', 'CREATE TABLE a (x INTEGER) STRICT;');
const SECOND = createMigration('0002-second.sql', 'INSERT INTO a VALUES (2);');

const AT = '2026-01-01T00:00:00.000Z';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-memory-'));
  path = join(folder, 'test.sqlite');
});
afterEach(async () => rm(folder, { recursive: true }));

test('the database is made with its folder, for its user alone, in WAL mode', async () => {
  const memory = await openSqliteMemory({ folder: join(folder, 'deep', 'below') });
  const { location } = await memory.describe();
  expect(location).toBe(join(folder, 'deep', 'below', DATABASE_FILE));
  expect((await stat(location)).mode & 0o077).toBe(0);
  expect((await stat(join(folder, 'deep'))).mode & 0o077).toBe(0);
  expect(await readdir(join(folder, 'deep', 'below'))).toContain(`${DATABASE_FILE}-wal`);
  await memory.close();
  expect(await readdir(join(folder, 'deep', 'below'))).not.toContain(`${DATABASE_FILE}-wal`);
});

test('a new database gets no backup and an older one does', async () => {
  openDatabase(path, [FIRST]).close();
  expect((await readdir(folder)).filter((name) => name.endsWith('.backup'))).toEqual([]);
  openDatabase(path, [FIRST, SECOND]).close();
  openDatabase(path, [FIRST, SECOND]).close();
  expect(read(path)).toEqual([2]);
  expect(read(backupPath(path, 1))).toEqual([]);
});

test('a database of the first schema keeps what it has and gets the registry of nodes', async () => {
  const location = join(folder, DATABASE_FILE);
  openDatabase(location, readMigrations().slice(0, 1)).close();
  execute(location, "INSERT INTO artifacts VALUES ('hash', 4, '2026-01-01T00:00:00.000Z', 'text')");
  const memory = await openSqliteMemory({ folder });
  expect(await memory.artifacts.getText('hash' as ContentHash)).toBe('text');
  expect(await memory.nodeRegistry.list()).toEqual([]);
  expect(await memory.nodeRegistry.askProbe({ id: 'gpu' as NodeId, url: 'http://gpu:11434' })).toBe(1);
  await memory.close();
  expect(await readdir(folder)).toContain(`${DATABASE_FILE}.schema-0001.backup`);
});

test.each([1, 2])('verified answers of schema %i become entries that carry their programs', async (version) => {
  const location = join(folder, DATABASE_FILE);
  openDatabase(location, readMigrations().slice(0, version)).close();
  const program = '{"files":[{"content":"print(\\"ä\\")"}]}';
  const result = { ...createResult('verified'), programHash: hashText(program) };
  const old = new Database(location);
  old.prepare('INSERT INTO artifacts VALUES (?, 4, ?, ?)').run(result.programHash, AT, program);
  const remember = old.prepare('INSERT INTO recalled_results VALUES (?, ?, ?, ?)');
  remember.run(hashText('key'), 'run-1', AT, JSON.stringify(result));
  remember.run(hashText('lost'), 'run-2', AT, JSON.stringify({ ...result, programHash: hashText('gone') }));
  old.close();
  const memory = await openSqliteMemory({ folder });
  const answer = someAnswer('key', program, { runId: runId('run-1') });
  const kept = { ...answer, id: idOf(answer), version: 1, isDeleted: false, createdAt: AT, updatedAt: AT };
  const entries = await memory.entries.list({ limit: 10 });
  expect(entries).toEqual([kept]);
  expect(parseEntry(entries[0])).toEqual({ entry: kept });
  expect(await memory.entries.lag('redis')).toMatchObject({ rows: 1, oldestAt: AT });
  expect((await memory.entries.put(someLesson('next'))).version).toBe(1);
  expect((await memory.entries.readOutbox('redis', 10)).map((row) => row.id)).toEqual([
    kept.id,
    idOf(someLesson('next')),
  ]);
  await memory.close();
});

test('a database of a newer Hydra is refused and left as it is', () => {
  openDatabase(path, [FIRST, SECOND]).close();
  expect(() => openDatabase(path, [FIRST])).toThrow(
    expect.objectContaining({
      type: 'StoreUnavailable',
      message: `The database ${path} cannot be used: a newer Hydra has written it; update Hydra, or use another HYDRA_HOME.`,
      details: { location: path, databaseVersion: 2, knownVersion: 1 },
    }),
  );
  expect(read(path)).toEqual([2]);
});

test('a migration that was changed after it had been applied is refused', () => {
  openDatabase(path, [FIRST]).close();
  const changed = createMigration('0001-first.sql', 'CREATE TABLE a (x TEXT) STRICT;');
  expect(() => openDatabase(path, [changed, SECOND])).toThrow(/migration 1 \(first\) was changed/);
  expect(read(path)).toEqual([]);
});

test('other line ends are no change of a migration', () => {
  openDatabase(path, [createMigration('0001-first.sql', 'CREATE TABLE a\n(x INTEGER);')]).close();
  openDatabase(path, [createMigration('0001-first.sql', 'CREATE TABLE a\r\n(x INTEGER);')]).close();
});

test('a migration that fails leaves nothing of itself', () => {
  const broken = createMigration('0002-broken.sql', 'INSERT INTO a VALUES (1); INSERT INTO missing VALUES (1);');
  openDatabase(path, [FIRST]).close();
  expect(() => openDatabase(path, [FIRST, broken])).toThrow(expect.objectContaining({ type: 'StoreUnavailable' }));
  expect(read(path)).toEqual([]);
  openDatabase(path, [FIRST, SECOND]).close();
  expect(read(path)).toEqual([2]);
});

test('files that are no database of Hydra are refused and not touched', async () => {
  await writeFile(path, 'this is a text file of some length, longer than the header of a database. '.repeat(20));
  expect(() => openDatabase(path, [FIRST])).toThrow(expect.objectContaining({ type: 'StoreUnavailable' }));
  const foreign = join(folder, 'foreign.sqlite');
  execute(foreign, 'CREATE TABLE theirs (x)');
  const before = await stat(foreign);
  expect(() => openDatabase(foreign, [FIRST])).toThrow(/was not made by Hydra/);
  expect((await stat(foreign)).mtimeMs).toBe(before.mtimeMs);
});

test('a damaged database is not migrated', async () => {
  const large = createMigration('0001-first.sql', 'CREATE TABLE a (x INTEGER) STRICT; CREATE TABLE b (y BLOB) STRICT;');
  openDatabase(path, [large]).close();
  execute(path, 'INSERT INTO b VALUES (zeroblob(200000)), (zeroblob(200000))');
  execute(path, 'CREATE INDEX b_y ON b (y)');
  const bytes = Buffer.alloc(3 * 4096, 0xff);
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, 4 * 4096);
  await file.close();
  expect(() => openDatabase(path, [large, SECOND])).toThrow(expect.objectContaining({ type: 'StoreUnavailable' }));
});

test('a folder that cannot be made is reported', async () => {
  await writeFile(path, '');
  await expect(openSqliteMemory({ folder: join(path, 'below') })).rejects.toMatchObject({ type: 'StoreUnavailable' });
});

test('a folder without write rights is reported', async (context) => {
  if (process.getuid?.() === 0) context.skip('root may write everywhere');
  await chmod(folder, 0o500);
  await expect(openSqliteMemory({ folder })).rejects.toMatchObject({ type: 'StoreUnavailable' });
  await chmod(folder, 0o700);
});

test('migrations are numbered from 1 without a gap and named in words', async () => {
  await writeFile(join(folder, '0001-first.sql'), '');
  await writeFile(join(folder, '0003-third.sql'), '');
  expect(() => readMigrations(folder)).toThrow(/without a gap/);
  expect(() => createMigration('1-first.sql', '')).toThrow(/0001-first-tables.sql/);
  expect(readMigrations().map((migration: Migration) => migration.version)).toEqual(
    readMigrations().map((_, index) => index + 1),
  );
});

test('no page of runs and no page of events is sorted or searched row by row', async () => {
  const memory = await openSqliteMemory({ folder });
  const { location } = await memory.describe();
  const page = '(created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT 5';
  const plans = [
    `SELECT * FROM runs JOIN run_prompts ON run_id = id WHERE ${page}`,
    `SELECT * FROM runs JOIN run_prompts ON run_id = id WHERE status = ? AND ${page}`,
    `SELECT * FROM run_events WHERE run_id = ? AND sequence > ? ORDER BY sequence LIMIT 5`,
    `SELECT min(sequence) FROM run_events WHERE run_id = ? AND type = 'run.finished'`,
  ].map((sql) => explain(location, sql));
  for (const plan of plans) expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  expect(plans[3]).toContain('run_events_finished');
  await memory.close();
});

function explain(file: string, sql: string): string {
  const database = new Database(file, { readonly: true });
  const bindings = sql.split('?').length - 1;
  const steps = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
  const plan = steps.all(...Array.from({ length: bindings }, () => 'x')).map((step) => step.detail);
  database.close();
  return plan.join('\n');
}

function execute(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

function read(file: string): unknown[] {
  const database = new Database(file, { readonly: true });
  const rows = database.prepare('SELECT x FROM a').pluck().all();
  database.close();
  return rows;
}
