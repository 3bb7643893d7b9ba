import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntryMemory } from '../../memory/entry-ports.ts';
import { createRedisTier } from '../../memory/redis/redis-tier.ts';
import { startFlakyProxy, type FlakyProxy } from '../support/flaky-proxy.ts';
import { startRealRedis, type RealRedis } from '../support/real-redis.ts';
import { setEntryStage, type EntryStage } from './entry-stage.ts';
import { aNewEntry, contentOf, idOf, PATIENCE, placeOf } from './lesson-fixtures.ts';

let redis: RealRedis;
beforeAll(async () => {
  redis = await startRealRedis();
});
afterAll(async () => redis.end());

/** What a caller did last with a key. */
interface Kept {
  readonly content: string;
  readonly expiresAtMs: number;
}

/** One world: a process under test, another one beside it, a connection to Redis in bad weather, and what must be true. */
interface World {
  readonly stage: EntryStage;
  readonly entries: EntryMemory;
  readonly other: EntryMemory;
  readonly proxy: FlakyProxy;
  readonly model: Map<string, Kept>;
  /** Moves all clocks on. */
  readonly pass: (ms: number) => void;
}

/** Longer than a look into the outbox counts: by then one process sees what another one did while Redis was away. */
const ACROSS_PROCESSES_MS = 300;

const key = fc.constantFrom('a', 'b', 'c');
const content = fc.integer({ min: 0, max: 9 }).map(String);
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('get'), key }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('put'), key, content, livesMs: fc.constantFrom(null, 500, 5_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('put elsewhere'), key, content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove elsewhere'), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(100, 300, 1_100, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('black hole', 'cut', 'pass', 'slow', 'empty', 'settle') }) },
);
type Operation = Partial<{ key: string; content: string; livesMs: number | null; ms: number }> & {
  readonly do: string;
};

test('whatever happens in whatever order, a read gives what the last change left', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 10, maxLength: 60 }), async (operations) => {
      const world = await createWorld();
      try {
        for (const step of operations) await perform(world, step);
        for (const name of ['a', 'b', 'c']) await check(world, name);
      } finally {
        world.proxy.pass();
        await world.stage.dispose();
        await world.proxy.close();
      }
    }),
    // Enough to meet every pair of operations several times; about twenty seconds.
    { seed: 20_260_101, numRuns: 100 },
  );
});

async function createWorld(): Promise<World> {
  const proxy = await startFlakyProxy(redis.port);
  const openTier = () =>
    createRedisTier({ identity: 'made-up', url: `redis://127.0.0.1:${proxy.port}`, report: () => {} });
  const stage = await setEntryStage({ redis: openTier });
  let elapsedMs = 0;
  const deadlines = { redisReadMs: 10, redisWriteMs: 10, postgresReadMs: 10 };
  const options = { deadlines, elapsedMs: () => performance.now() + elapsedMs };
  const [{ entries }, { entries: other }] = [await stage.open(options), await stage.open(options)];
  const pass = (ms: number) => {
    elapsedMs += ms;
    stage.pass(ms);
  };
  const world = { stage, entries, other, proxy, model: new Map<string, Kept>(), pass };
  await empty();
  return world;
}

async function perform(world: World, step: Operation): Promise<void> {
  const { entries, other, proxy, stage, pass } = world;
  const { key = 'a', content = '', livesMs = null, ms = 0 } = step;
  switch (step.do) {
    case 'get':
      return check(world, key);
    case 'put':
      return put(world, entries, key, content, livesMs);
    case 'remove':
      return remove(world, entries, key);
    case 'put elsewhere':
      await put(world, other, key, content, null);
      return pass(ACROSS_PROCESSES_MS);
    case 'remove elsewhere':
      await remove(world, other, key);
      return pass(ACROSS_PROCESSES_MS);
    case 'wait':
      return pass(ms);
    case 'black hole':
      return proxy.blackHole();
    case 'cut':
      return proxy.cut();
    case 'slow':
      return proxy.delay(15);
    case 'pass':
      return proxy.pass();
    case 'empty':
      return empty();
    default:
      // Redis is used again, and the relay has brought it everything.
      proxy.pass();
      pass(60_000);
      await expect
        .poll(() => entries.status(), { timeout: 60_000 })
        .toMatchObject({ 0: { state: 'up', lag: { rows: 0 } } });
      return void stage;
  }
}

async function put(world: World, by: EntryMemory, key: string, content: string, livesMs: number | null): Promise<void> {
  const expiresAtMs = livesMs === null ? Infinity : world.stage.now() + livesMs;
  const expiresAt = livesMs === null ? null : new Date(expiresAtMs).toISOString();
  await by.put(aNewEntry(key, content, expiresAt));
  world.model.set(key, { content, expiresAtMs });
}

async function remove({ model }: World, by: EntryMemory, key: string): Promise<void> {
  await by.remove(idOf(key));
  model.delete(key);
}

async function check({ stage, entries, model }: World, key: string): Promise<void> {
  const nowBefore = stage.now();
  const read = contentOf(await entries.get(placeOf(key)));
  const kept = model.get(key);
  // Real time passes, too: in the moment of the read it may expire.
  const mayBeGone = kept === undefined || kept.expiresAtMs <= stage.now();
  const mayBeThere = kept !== undefined && kept.expiresAtMs > nowBefore;
  expect([...(mayBeGone ? [null] : []), ...(mayBeThere ? [kept.content] : [])]).toContain(read);
}

async function empty(): Promise<void> {
  const direct = createRedisTier({ identity: 'made-up', url: redis.url, report: () => {} });
  await direct.wipe(PATIENCE);
  await direct.close();
}
