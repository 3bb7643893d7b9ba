import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EntryId } from '../../domain/ids.ts';
import type { KeptEntry, MemoryEntry } from '../../domain/memory-entry.ts';
import { createTierSink } from '../../memory/entries/relay-sink.ts';
import { createRelay } from '../../memory/entries/relay.ts';
import type { EntryRecord, EntryTier } from '../../memory/entry-ports.ts';
import { createEntryRecord } from '../../memory/postgres/entry-record.ts';
import { migrate } from '../../memory/postgres/migrate.ts';
import { createPostgresConnection, type PostgresConnection } from '../../memory/postgres/postgres-connection.ts';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createChildren, killChild } from '../support/child-processes.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { someEmbedding, someWork } from './entry-samples.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 60_000, interval: 20 };
const PATIENCE = new AbortController().signal;

const children = createChildren(fileURLToPath(new URL('./entry-child.ts', import.meta.url)));
let postgres: RealPostgres;
let url: string;
const cleanUps: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  postgres = await startRealPostgres();
});
beforeEach(async () => {
  url = await postgres.createDatabase();
});
afterEach(async () => {
  await children.killAll();
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});
afterAll(async () => postgres.dispose());

async function openSqlite(): Promise<{ readonly entries: EntryRecord; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-entries-'));
  cleanUps.push(() => rm(folder, { recursive: true }));
  const memory = await openSqliteMemory({ folder });
  cleanUps.push(() => memory.close());
  return { entries: memory.entries, folder };
}

function openTier(): EntryTier {
  const tier = createPostgresTier({ url, report: () => {} });
  cleanUps.push(() => tier.close());
  return tier;
}

async function openRecord(): Promise<{ readonly record: EntryRecord; readonly connection: PostgresConnection }> {
  await migrate(url);
  const connection = createPostgresConnection({ url });
  cleanUps.push(() => connection.close());
  return { record: createEntryRecord(connection), connection };
}

/** Carries from the record to the tier until the test ends. */
function startRelay(record: EntryRecord, tier: EntryTier): void {
  const stop = new AbortController();
  const rest = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
  const running = createRelay({ record, sinks: [createTierSink(tier)], report: () => {}, rest }).run(stop.signal);
  cleanUps.push(() => (stop.abort(), running));
}

/** What the copy has, read past the tier. */
async function readCopies(): Promise<readonly MemoryEntry[]> {
  const rows = await postgres.query('SELECT entry FROM hydra.entry_copies ORDER BY id', url);
  return rows.map((row) => JSON.parse(String(row['entry'])) as MemoryEntry);
}

/** 500 changes of 300 entries: some change again, some are deleted, some come back. */
async function writeMuch(record: EntryRecord): Promise<void> {
  const ids: EntryId[] = [];
  for (let index = 0; index < 300; index += 1) ids.push((await record.put(someWork(`entry ${index}`))).id);
  for (let index = 0; index < 100; index += 1) await record.put(someWork(`entry ${index}`, { text: 'again' }));
  for (const id of ids.slice(80, 160)) await record.remove(id);
  for (let index = 80; index < 100; index += 1) await record.put(someWork(`entry ${index}`));
}

test('what was written to SQLite while Postgres was down is all there afterwards, once and in its newest version', async () => {
  const { entries: record } = await openSqlite();
  const tier = openTier();
  await tier.ping(PATIENCE);
  await record.setTargets(['postgres']);
  startRelay(record, tier);
  const before = await record.put(someWork('before'));
  await expect.poll(async () => (await record.lag('postgres')).rows, PATIENTLY).toBe(0);
  await postgres.stop();
  await record.remove(before.id);
  await writeMuch(record);
  expect((await record.lag('postgres')).rows).toBe(301);
  await postgres.start();
  await expect.poll(async () => (await record.lag('postgres')).rows, PATIENTLY).toBe(0);
  expect(await readCopies()).toEqual(await record.list({ limit: 1000 }));
  expect(await record.lag('postgres')).toMatchObject({ deadLetters: 0, oldestAt: null });
});

test('a relay whose Postgres is killed again and again carries everything in the end', async () => {
  const { entries: record } = await openSqlite();
  const tier = openTier();
  await record.setTargets(['postgres']);
  startRelay(record, tier);
  const writing = writeMuch(record);
  for (let round = 0; round < 3; round += 1) {
    await expect.poll(() => tier.count(PATIENCE).catch(() => 0), PATIENTLY).toBeGreaterThan(round);
    await postgres.kill();
    await postgres.start();
  }
  await writing;
  await expect.poll(async () => (await record.lag('postgres')).rows, PATIENTLY).toBe(0);
  expect(await readCopies()).toEqual(await record.list({ limit: 1000 }));
  expect((await record.lag('postgres')).deadLetters).toBe(0);
});

test('what a relay had delivered when it was killed before it confirmed is delivered again, and is there once', async () => {
  const { entries: record, folder } = await openSqlite();
  await record.setTargets(['postgres']);
  await writeMuch(record);
  const child = await children.start(['deliverAndHold', 'sqlite', folder, url]);
  child.go();
  await expect.poll(() => child.lines.length, PATIENTLY).toBe(1);
  await killChild(child.process);
  const delivered = (child.lines[0] ?? '').split(' ').map((id) => id as EntryId);
  expect((await readCopies()).map(({ id }) => id)).toEqual(delivered.toSorted());
  expect((await record.lag('postgres')).rows).toBe(300);

  // One of them changes before the next relay comes, and one goes.
  await record.put(someWork('entry 200', { text: 'changed' }));
  await record.remove(delivered.at(-1)!);
  const tier = openTier();
  const deliveredAgain = new Set<EntryId>();
  startRelay(record, {
    ...tier,
    write: (entries, signal) => {
      for (const { id } of entries) deliveredAgain.add(id);
      return tier.write(entries, signal);
    },
  });
  await expect.poll(async () => (await record.lag('postgres')).rows, PATIENTLY).toBe(0);
  for (const id of delivered) expect(deliveredAgain).toContain(id);
  expect(await readCopies()).toEqual(await record.list({ limit: 1000 }));
});

test('a record whose Postgres is killed in mid-write keeps what it had confirmed, and goes on by itself', async () => {
  const { record } = await openRecord();
  await record.setTargets(['redis']);
  const confirmed = new Map<EntryId, KeptEntry>();
  /** Ends with the first failure. */
  const writeOn = async (name: string): Promise<unknown> => {
    for (let index = 0; ; index += 1) {
      const entry = someWork(`entry ${index % 50}`, { text: `${name} ${index}` });
      const kept = await record.put(entry).catch((error: unknown) => error as Error);
      if (kept instanceof Error) return kept;
      if (kept.version > (confirmed.get(kept.id)?.version ?? 0)) confirmed.set(kept.id, kept);
    }
  };
  for (let round = 0; round < 3; round += 1) {
    confirmed.clear();
    const writers = Array.from({ length: 4 }, (_, writer) => writeOn(`${round} ${writer}`));
    await expect.poll(() => confirmed.size, PATIENTLY).toBe(50);
    await postgres.kill();
    for (const failure of await Promise.all(writers)) expect(failure).toMatchObject({ type: 'StoreUnavailable' });
    await postgres.start();
    await expectAll(record, confirmed);
  }
});

/** Everything that was confirmed is there, and on its way to the copies. */
async function expectAll(record: EntryRecord, confirmed: ReadonlyMap<EntryId, KeptEntry>): Promise<void> {
  const entries = await record.list({ limit: 1000 });
  const versions = new Map(entries.map((entry) => [entry.id, entry.version]));
  for (const kept of confirmed.values()) expect(versions.get(kept.id)).toBeGreaterThanOrEqual(kept.version);
  const waiting = await record.readOutbox('redis', 1000);
  expect(new Set(waiting.map(({ id }) => id))).toEqual(new Set(versions.keys()));
}

test('a reader of the outbox that confirms what it sees misses no change of writers that commit at the same time', async () => {
  const { record } = await openRecord();
  const others = [await openRecord(), await openRecord()].map((other) => other.record);
  await record.setTargets(['redis']);
  const state = { isWriting: true };
  const write = async (other: EntryRecord, name: number) => {
    for (let index = 0; index < 300; index += 1) await other.put(someWork(`${name} ${index}`));
  };
  const writing = Promise.all(others.map(write)).finally(() => (state.isWriting = false));
  const seen = new Set<EntryId>();
  for (let isEmpty = false; state.isWriting || !isEmpty;) {
    const page = await record.readOutbox('redis', 7);
    for (const { id } of page) seen.add(id);
    const last = page.at(-1);
    if (last) await record.acknowledge('redis', last.sequence);
    isEmpty = page.length === 0;
  }
  await writing;
  expect(seen.size).toBe(600);
});

test('connections that nobody uses survive a restart of the server, and so does the process', async () => {
  const { record, connection } = await openRecord();
  const { id } = await record.put(someWork('a'));
  // As many connections as there may be, all idle afterwards.
  await Promise.all(
    Array.from({ length: 20 }, () => connection.perform('test', (session) => session.run('SELECT pg_sleep(0.1)'))),
  );
  await postgres.stop();
  await expect(record.read(id)).rejects.toMatchObject({
    type: 'StoreUnavailable',
    details: { action: 'entries.read' },
  });
  await postgres.start();
  expect(await Promise.all(Array.from({ length: 20 }, () => record.read(id)))).toHaveLength(20);
});

test('a writer that stops in the middle of a change holds the others up for seconds and no longer', async () => {
  const { record, connection } = await openRecord();
  let wake = (): void => {};
  const asleep = new Promise<void>((resolve) => (wake = resolve));
  let isStuck = false;
  const stuck = connection.transact('test', async (session) => {
    await session.run('SELECT 1 FROM entry_counters FOR UPDATE');
    isStuck = true;
    await asleep;
    await session.run('SELECT 1');
  });
  const outcome = expect(stuck).rejects.toMatchObject({ type: 'StoreUnavailable' });
  await expect.poll(() => isStuck, PATIENTLY).toBe(true);
  expect((await record.put(someWork('a'))).version).toBe(1);
  wake();
  await outcome;
  expect((await record.put(someWork('a', { text: 'once more' }))).version).toBe(2);
});

test('a thousand writes at once neither fail nor keep readers waiting for their end', async () => {
  const { record } = await openRecord();
  const { id } = await record.put(someWork('a'));
  let written = 0;
  const writing = Array.from({ length: 1000 }, async (_, index) => {
    await record.put(index % 2 === 0 ? someWork(`w ${index}`) : someEmbedding(`e ${index}`));
    written += 1;
  });
  await record.read(id);
  expect(written).toBeLessThan(500);
  await Promise.all(writing);
  expect((await record.stats()).countByKind).toMatchObject({ work: 501, embedding: 500 });
});
