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
beforeAll(async () => {
  postgres = await startRealPostgres();
});
beforeEach(async () => {
  const url = new URL(await postgres.createDatabase());
  direct = createPostgresTier({ url: url.href, report: () => {} });
  proxy = await startFlakyProxy(Number(url.port));
  url.port = String(proxy.port);
  stage = await setEntryStage({ postgres: () => createPostgresTier({ url: url.href, report: () => {} }) });
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

test('a deletion that only Postgres knows counts, also for what is put next', async () => {
  await direct.write([aTombstone('a', 6)], PATIENCE);
  const { entries } = await stage.open();
  expect(await entries.get(placeOf('a'))).toBeUndefined();
  expect(await entries.put(aNewEntry('a', 'again'))).toMatchObject({ version: 7 });
});

test('a miss takes its deadline while Postgres says nothing, and hardly anything once that is known', async () => {
  const { entries } = await stage.open({ deadlines: { ...PATIENT_DEADLINES, postgresReadMs: 300 } });
  await waitUntil(async () => {
    await entries.get(placeOf('none'));
    return typeof (await entries.status())[2]?.hitRate === 'number';
  });
  proxy.blackHole();
  const durations: number[] = [];
  for (let read = 0; read < 20; read += 1) {
    const startedAt = performance.now();
    expect(await entries.get(placeOf(`none ${read}`))).toBeUndefined();
    durations.push(performance.now() - startedAt);
  }
  expect(Math.min(...durations.slice(0, 3))).toBeGreaterThan(250);
  // Generous, for a machine that does other things.
  expect(Math.max(...durations)).toBeLessThan(1_500);
  expect(durations.toSorted((a, b) => a - b)[10]).toBeLessThan(50);
  await entries.put(aNewEntry('a', 'one'));
  expect(contentOf(await entries.get(placeOf('a')))).toBe('one');
  expect((await entries.status())[2]).toMatchObject({ tier: 'L3', state: 'down' });
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
