import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createMigration, type Migration } from '../../memory/migrations.ts';
import { backupName } from '../../memory/postgres/backup-schema.ts';
import { createEntryRecord } from '../../memory/postgres/entry-record.ts';
import { migrate, readMigrations } from '../../memory/postgres/migrate.ts';
import { createPostgresConnection } from '../../memory/postgres/postgres-connection.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { someWork } from './entry-samples.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 60_000, interval: 20 };
const CHILD = fileURLToPath(new URL('./postgres-migrate-child.ts', import.meta.url));
const CREATE_DB = fileURLToPath(new URL('../../memory/postgres/create-db.sql', import.meta.url));

const FIRST = createMigration('0001-first.sql', 'CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);');
const SECOND = createMigration('0002-second.sql', 'CREATE TABLE b (x INTEGER); INSERT INTO a VALUES (2);');

let postgres: RealPostgres;
let url: string;
let folder: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  postgres = await startRealPostgres();
});
beforeEach(async () => {
  url = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'hydra-migrations-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await rm(folder, { recursive: true });
});
afterAll(async () => postgres.dispose());

async function read(sql: string): Promise<readonly unknown[]> {
  const rows = await postgres.query(sql, url);
  return rows.flatMap((row) => Object.values(row));
}

const readVersions = () => read('SELECT version FROM hydra.schema_migrations ORDER BY version');
const readBackups = () => read("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'hydra%backup%'");

test('the migrations of a new database leave no backup; those of an older one leave a copy of all tables and rows', async () => {
  await migrate(url, [FIRST]);
  expect(await readBackups()).toEqual([]);
  await migrate(url, [FIRST, SECOND]);
  expect(await read('SELECT x FROM hydra.a ORDER BY x')).toEqual([1, 2]);
  expect(await read(`SELECT x FROM ${backupName(1)}.a`)).toEqual([1]);
  expect(await read(`SELECT version FROM ${backupName(1)}.schema_migrations`)).toEqual([1]);
  await migrate(url, [FIRST, SECOND]);
  expect(await readBackups()).toEqual([backupName(1)]);
  await migrate(url, [FIRST, SECOND, createMigration('0003-third.sql', 'DROP TABLE a;')]);
  expect(await readBackups()).toEqual([backupName(2)]);
});

test('a copy that takes the place of the tables is a database of the older schema', async () => {
  const last = createMigration(
    `${String(readMigrations().length + 1).padStart(4, '0')}-last.sql`,
    'DELETE FROM entries;',
  );
  await migrate(url);
  const connection = createPostgresConnection({ url });
  const record = createEntryRecord(connection);
  const kept = await record.put(someWork('a', { text: 'sorting lists' }));
  await migrate(url, [...readMigrations(), last]);
  expect(await record.read(kept.id)).toBeUndefined();
  const name = backupName(readMigrations().length);
  await postgres.query(`DROP SCHEMA hydra CASCADE; ALTER SCHEMA ${name} RENAME TO hydra`, url);
  await migrate(url);
  expect(await record.read(kept.id)).toEqual(kept);
  const query = { namespace: kept.namespace, kinds: ['work'], text: 'list', limit: 5 } as const;
  expect(await record.searchText(query)).toEqual([{ id: kept.id }]);
  expect((await record.put(someWork('a', { text: 'other' }))).version).toBe(2);
  await connection.close();
});

test('every older schema is brought to the newest, with what was in it', async () => {
  const migrations = readMigrations();
  for (let version = 1; version <= migrations.length; version += 1) {
    url = await postgres.createDatabase();
    await migrate(url, migrations.slice(0, version));
    const connection = createPostgresConnection({ url });
    const record = createEntryRecord(connection);
    const kept = await record.put(someWork('a'));
    await migrate(url);
    expect(await readVersions()).toEqual(migrations.map((migration) => migration.version));
    expect(await record.read(kept.id)).toEqual(kept);
    await connection.close();
  }
});

test('a database of a newer Hydra, and one whose migration was changed afterwards, are left alone', async () => {
  await migrate(url, [FIRST, SECOND]);
  await expect(migrate(url, [FIRST])).rejects.toMatchObject({
    type: 'StoreUnavailable',
    message: `The database ${url} cannot be used: a newer Hydra has written it; update Hydra, or use another database.`,
    details: { databaseVersion: 2, knownVersion: 1 },
  });
  const changed = createMigration('0001-first.sql', 'CREATE TABLE a (x TEXT);');
  await expect(migrate(url, [changed, SECOND])).rejects.toThrow(/migration 1 \(first\) was changed/);
  expect(await readVersions()).toEqual([1, 2]);
  expect(await readBackups()).toEqual([]);
});

test('a schema of the same name that is not ours is left alone', async () => {
  await postgres.query('CREATE SCHEMA hydra; CREATE TABLE hydra.heads (name TEXT)', url);
  await expect(migrate(url)).rejects.toThrow(/its schema "hydra" was not made by Hydra/);
  expect(await read("SELECT tablename FROM pg_tables WHERE schemaname = 'hydra'")).toEqual(['heads']);
});

test('a migration that fails leaves nothing, and those before it stay', async () => {
  const broken = createMigration('0003-broken.sql', 'INSERT INTO a VALUES (3); INSERT INTO missing VALUES (1);');
  await expect(migrate(url, [FIRST, SECOND, broken])).rejects.toMatchObject({ details: { action: 'migrate' } });
  expect(await readVersions()).toEqual([1, 2]);
  expect(await read('SELECT x FROM hydra.a ORDER BY x')).toEqual([1, 2]);
});

test('of many that start together one migrates, and none starts before', async () => {
  await migrate(url, [FIRST]);
  await Promise.all(Array.from({ length: 8 }, () => migrate(url, [FIRST, SECOND])));
  expect(await readVersions()).toEqual([1, 2]);
  expect(await read('SELECT count(*)::int FROM hydra.a')).toEqual([2]);
});

test('a process killed in the middle of a migration leaves what was, and the next one completes it', async () => {
  const migrations = await writeMigrations(
    FIRST,
    'UPDATE a SET x = 7; CREATE TABLE b (x INTEGER); SELECT pg_sleep(600);',
  );
  await migrate(url, readMigrations(migrations).slice(0, 1));
  const child = startChild(url, migrations);
  await expect.poll(() => countSleepers(), PATIENTLY).toBe(1);
  await kill(child);

  const whole = createMigration('0002-halting.sql', 'UPDATE a SET x = 7; CREATE TABLE b (x INTEGER);');
  await migrate(url, [FIRST, whole]);
  expect(await read('SELECT x FROM hydra.a')).toEqual([7]);
  expect(await readVersions()).toEqual([1, 2]);
  expect(await read(`SELECT x FROM ${backupName(1)}.a`)).toEqual([1]);
  expect(await countSleepers()).toBe(0);
});

test('a server killed in the middle of a migration comes back with what was', async () => {
  const halting = createMigration('0002-halting.sql', 'UPDATE a SET x = 7; SELECT pg_sleep(600);');
  await migrate(url, [FIRST]);
  const migrating = expect(migrate(url, [FIRST, halting])).rejects.toMatchObject({ type: 'StoreUnavailable' });
  await expect.poll(() => countSleepers(), PATIENTLY).toBe(1);
  await postgres.kill();
  await migrating;
  await postgres.start();
  expect(await read('SELECT x FROM hydra.a')).toEqual([1]);
  await migrate(url, [FIRST, SECOND]);
  expect(await readVersions()).toEqual([1, 2]);
});

test('create-db.sql makes role and database as written, twice if need be, and Hydra starts there', async (context) => {
  const trial = spawnSync('psql', ['--version'], { encoding: 'utf8' });
  if (trial.status !== 0) context.skip(`psql cannot be run here: ${trial.error?.message ?? trial.stderr}`);
  // A word that must be quoted well.
  const password = "it's; \\ $1";
  for (let round = 0; round < 2; round += 1) {
    const args = ['-X', '-q', '-d', postgres.adminUrl, '-v', `password=${password}`, '-f', CREATE_DB];
    expect(spawnSync('psql', args, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  }
  const own = new URL(postgres.adminUrl);
  Object.assign(own, { username: 'hydra', password, pathname: '/hydra' });
  await migrate(own.href);
  const wrong = Object.assign(new URL(own), { password: 'wrong' });
  await expect(migrate(wrong.href)).rejects.toThrow('Postgres refused the user or the password.');
  await postgres.query('CREATE ROLE outsider LOGIN');
  const [outsider] = await postgres.query("SELECT has_database_privilege('outsider', 'hydra', 'CONNECT') AS may");
  expect(outsider).toEqual({ may: false });
  expect(await postgres.query("SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = 'hydra'")).toEqual([
    { rolsuper: false, rolcanlogin: true },
  ]);
});

async function countSleepers(): Promise<number> {
  const [row] = await postgres.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
  );
  return Number(row?.['count']);
}

async function writeMigrations(first: Migration, second: string): Promise<string> {
  await writeFile(join(folder, '0001-first.sql'), first.sql);
  await writeFile(join(folder, '0002-halting.sql'), second);
  return folder;
}

function startChild(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
