import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntryTier } from '../../memory/entry-ports.ts';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { startFlakyProxy } from '../support/flaky-proxy.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { describeTierContract } from './entry-tier-contract.ts';
import { aKeptEntry, idOf, PATIENCE } from './lesson-fixtures.ts';

let postgres: RealPostgres;
beforeAll(async () => {
  postgres = await startRealPostgres();
});
afterAll(async () => postgres.dispose());

function openTier(url: string, report: (sentence: string) => void = () => {}): EntryTier {
  return createPostgresTier({ url, report });
}

describeTierContract('Postgres', async () => {
  const url = await postgres.createDatabase();
  const proxy = await startFlakyProxy(postgres.port);
  const tier = openTier(url.replace(`:${postgres.port}/`, `:${proxy.port}/`));
  const opened = [tier];
  return {
    tier,
    open() {
      const other = openTier(url);
      opened.push(other);
      return other;
    },
    silence: () => proxy.blackHole(),
    async dispose() {
      await proxy.close();
      for (const each of opened) await each.close();
    },
  };
});

test('a tier that is closed while its server is silent is closed within seconds', async () => {
  const url = await postgres.createDatabase();
  const proxy = await startFlakyProxy(postgres.port);
  const tier = openTier(url.replace(`:${postgres.port}/`, `:${proxy.port}/`));
  await tier.write([aKeptEntry('a', 1)], PATIENCE);
  proxy.blackHole();
  const reading = expect(tier.read(idOf('a'), PATIENCE)).rejects.toMatchObject({ type: 'StoreUnavailable' });
  const startedAt = performance.now();
  await tier.close();
  await reading;
  // For a machine that does other things: without an end of its own it would be for ever.
  expect(performance.now() - startedAt).toBeLessThan(30_000);
  await proxy.close();
});

test('a server that is away at first is used when it comes, and again after a restart and a kill', async () => {
  const url = await postgres.createDatabase();
  await postgres.stop();
  const tier = openTier(url);
  await expect(tier.ping(PATIENCE)).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
  await postgres.start();
  await tier.write([aKeptEntry('a', 1)], PATIENCE);
  await postgres.stop();
  await expect(tier.read(idOf('a'), PATIENCE)).rejects.toMatchObject({ type: 'StoreUnavailable' });
  await postgres.start();
  expect(await tier.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 1));
  await postgres.kill();
  await postgres.start();
  // The connection that was cut while nobody used it may be noticed by the first question only.
  await expect
    .poll(() =>
      tier.ping(PATIENCE).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect(await tier.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 1));
  await tier.close();
});

test('a copy that is no entry is passed over and reported once', async () => {
  const url = await postgres.createDatabase();
  const reports: string[] = [];
  const tier = openTier(url, (sentence) => reports.push(sentence));
  await tier.write([aKeptEntry('a', 1), aKeptEntry('b', 1)], PATIENCE);
  for (const text of [
    "'rubbish'",
    "'{'",
    `'{"__proto__":{"id":"x"}}'`,
    `(SELECT entry FROM hydra.entry_copies WHERE id = '${idOf('b')}')`,
  ]) {
    await postgres.query(`UPDATE hydra.entry_copies SET entry = ${text} WHERE id = '${idOf('a')}'`, url);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
  }
  expect(reports).toHaveLength(1);
  expect(await tier.read(idOf('b'), PATIENCE)).toEqual(aKeptEntry('b', 1));
  await tier.close();
});

test('a server of no use says why, and never the password', async () => {
  const url = new URL(await postgres.createDatabase());
  const failureOf = async (change: Partial<Pick<URL, 'pathname' | 'username' | 'password'>>) => {
    const changed = Object.assign(new URL(url), { password: 'hunter2' }, change);
    const tier = openTier(changed.href);
    const failure: unknown = await tier.ping(PATIENCE).catch((error: unknown) => error);
    await tier.close();
    expect(JSON.stringify([String(failure), failure, (failure as Error).stack])).not.toContain('hunter2');
    return failure;
  };
  expect(await failureOf({ pathname: '/nowhere' })).toMatchObject({
    message: expect.stringContaining('no such database'),
  });
  expect(await failureOf({ username: 'nobody' })).toMatchObject({
    message: expect.stringContaining('user or the password'),
  });
  const mayNot = 'CREATE ROLE stranger LOGIN; REVOKE CREATE ON DATABASE';
  await postgres.query(`${mayNot} ${url.pathname.slice(1)} FROM PUBLIC`);
  expect(await failureOf({ username: 'stranger' })).toMatchObject({ message: expect.stringContaining('lacks rights') });
});

test('a server that only reads is as good as away', async () => {
  const url = await postgres.createDatabase();
  const tier = openTier(url);
  await tier.write([aKeptEntry('a', 1)], PATIENCE);
  const name = new URL(url).pathname.slice(1);
  await postgres.query(`ALTER DATABASE ${name} SET default_transaction_read_only TO on`);
  const other = openTier(url);
  await expect(other.ping(PATIENCE)).rejects.toThrow(/only reads/);
  expect(await other.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 1));
  await tier.close();
  await other.close();
});
