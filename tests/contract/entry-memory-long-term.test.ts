import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EntryTier } from '../../memory/entry-ports.ts';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { startFlakyProxy, type FlakyProxy } from '../support/flaky-proxy.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { waitUntil } from '../support/wait-until.ts';
import { PATIENT_DEADLINES, setEntryStage, type EntryStage } from './entry-stage.ts';
import { aKeptEntry, aNewEntry, aTombstone, contentOf, idOf, PATIENCE, placeOf } from './lesson-fixtures.ts';

let postgres: RealPostgres;
let proxy: FlakyProxy;
let direct: EntryTier;
let stage: EntryStage;
let proxiedUrl: string;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
beforeEach(async () => {
  const url = new URL(await postgres.createDatabase());
  direct = createPostgresTier({ url: url.href, report: () => {} });
  proxy = await startFlakyProxy(Number(url.port));
  url.port = String(proxy.port);
  proxiedUrl = url.href;
  stage = await setEntryStage({ postgres: () => createPostgresTier({ url: proxiedUrl, report: () => {} }) });
});
afterEach(async () => {
  proxy.pass();
  await stage.dispose();
  await direct.close();
  await proxy.close();
});
afterAll(async () => postgres.dispose());

test('what the record has lost comes back from Postgres, once for all who ask', async () => {
  await direct.write([aKeptEntry('a', 4)], PATIENCE);
  const { entries, store } = await stage.open();
  const found = await Promise.all(Array.from({ length: 20 }, () => entries.get(placeOf('a'))));
  expect(found).toEqual(Array.from({ length: 20 }, () => aKeptEntry('a', 4)));
  expect(await store.entries.read(idOf('a'))).toEqual(aKeptEntry('a', 4));
  expect((await entries.status())[2]).toMatchObject({
    tier: 'L3',
    name: 'postgres',
    state: 'up',
    hitRate: 1,
    entries: 1,
  });
});

test('what is put over something that only Postgres has gets a higher version, and arrives there', async () => {
  await direct.write([aKeptEntry('a', 4)], PATIENCE);
  const { entries } = await stage.open();
  expect(await entries.put(aNewEntry('a', 'newer'))).toMatchObject({ version: 5 });
  await waitUntil(async () => (await direct.read(idOf('a'), PATIENCE))?.version === 5);
});

test('what only Postgres has can be removed, and does not return', async () => {
  await direct.write([aKeptEntry('a', 4)], PATIENCE);
  const { entries } = await stage.open();
  expect(await entries.remove(idOf('a'))).toBe(true);
  expect(await entries.get(placeOf('a'))).toBeUndefined();
  await waitUntil(async () => (await direct.read(idOf('a'), PATIENCE))?.isDeleted === true);
  expect(await entries.find(idOf('a'))).toBeUndefined();
});

test('what the record has deleted or let expire does not come back from an older copy', async () => {
  const { entries } = await stage.open();
  await entries.put(aNewEntry('a', 'one'));
  await entries.put(aNewEntry('b', 'short-lived', new Date(stage.now() + 1_000).toISOString()));
  await stage.stopRelay();
  await direct.write([aKeptEntry('a', 1), aKeptEntry('b', 9)], PATIENCE);
  await entries.remove(idOf('a'));
  stage.pass(1_000);
  expect(await entries.get(placeOf('a'))).toBeUndefined();
  expect(await entries.get(placeOf('b'))).toBeUndefined();
});

test('a deletion outlives its tombstone where Postgres was away for so long that it still has the old copy', async () => {
  const { entries, store } = await stage.open();
  await store.entries.setTargets([]);
  await direct.write([await entries.put(aNewEntry('a', 'one'))], PATIENCE);
  await entries.remove(idOf('a'));
  stage.pass(1_000);
  const at = new Date(stage.now()).toISOString();
  const forget = { before: '', limitBytes: Number.MAX_SAFE_INTEGER, tombstonesBefore: at };
  expect((await entries.retain(forget, false)).tombstones).toBe(1);
  expect(await entries.find(idOf('a'))).toBeUndefined();
  expect(await store.entries.read(idOf('a'))).toBeUndefined();
  expect(await entries.put(aNewEntry('a', 'again'))).toMatchObject({ version: 3 });
});

test('a copy with a version that nobody can count on from is not taken in', async () => {
  await direct.write([aKeptEntry('a', Number.MAX_SAFE_INTEGER), aKeptEntry('b', 1_000_000_000)], PATIENCE);
  const { entries } = await stage.open();
  expect(await entries.find(idOf('a'))).toBeUndefined();
  expect(await entries.find(idOf('b'))).toMatchObject({ version: 1_000_000_000 });
});

test('a deletion that only Postgres knows counts, also for what is put next', async () => {
  await direct.write([aTombstone('a', 6)], PATIENCE);
  const { entries } = await stage.open();
  expect(await entries.get(placeOf('a'))).toBeUndefined();
  expect(await entries.put(aNewEntry('a', 'again'))).toMatchObject({ version: 7 });
});

test('a miss takes its deadline while Postgres says nothing, and hardly anything once that is known', async () => {
  let asked = 0;
  const read: EntryTier['read'] = async (...place) => {
    asked += 1;
    return tier.read(...place);
  };
  const tier = createPostgresTier({ url: proxiedUrl, report: () => {} });
  const deadlines = { ...PATIENT_DEADLINES, postgresReadMs: 300 };
  const { entries } = await stage.open({ postgres: { ...tier, read }, deadlines });
  await waitUntil(async () => {
    await entries.get(placeOf('none'));
    return typeof (await entries.status())[2]?.hitRate === 'number';
  });
  proxy.blackHole();
  asked = 0;
  const durations: number[] = [];
  for (let read = 0; read < 20; read += 1) {
    const startedAt = performance.now();
    expect(await entries.get(placeOf(`none ${read}`))).toBeUndefined();
    durations.push(performance.now() - startedAt);
  }
  expect(Math.max(...durations)).toBeGreaterThan(250);
  // For a machine that does other things: without a deadline it would be for ever.
  expect(Math.max(...durations)).toBeLessThan(10_000);
  // Three failures in a row, one miss after the other.
  expect(asked).toBeLessThan(10);
  await entries.put(aNewEntry('a', 'one'));
  expect(contentOf(await entries.get(placeOf('a')))).toBe('one');
  expect((await entries.status())[2]).toMatchObject({ tier: 'L3', state: 'down' });
  await tier.close();
});

test('a rebuild brings back what Postgres has lost, and leaves there what only it has', async () => {
  const { entries } = await stage.open();
  await entries.put(aNewEntry('a', 'one'));
  await waitUntil(async () => (await direct.count(PATIENCE)) === 1);
  await direct.wipe(PATIENCE);
  await direct.write([aKeptEntry('only there', 1)], PATIENCE);
  await entries.rebuild();
  await waitUntil(async () => (await direct.read(idOf('a'), PATIENCE)) !== undefined);
  expect(await entries.get(placeOf('only there'))).toEqual(aKeptEntry('only there', 1));
});
