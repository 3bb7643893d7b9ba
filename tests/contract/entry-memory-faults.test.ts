import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { EntryMemory, EntryRecord, EntryTier, TierStatus } from '../../memory/entry-ports.ts';
import { createRedisTier } from '../../memory/redis/redis-tier.ts';
import { startFlakyProxy, type FlakyProxy } from '../support/flaky-proxy.ts';
import { startRealRedis, type RealRedis } from '../support/real-redis.ts';
import { waitUntil } from '../support/wait-until.ts';
import { PATIENT_DEADLINES, setEntryStage, type EntryStage } from './entry-stage.ts';
import { aKeptEntry, aNewEntry, aTombstone, contentOf, idOf, PATIENCE, placeOf } from './lesson-fixtures.ts';

let redis: RealRedis;
let proxy: FlakyProxy;
let stage: EntryStage;
let direct: EntryTier;
beforeAll(async () => {
  redis = await startRealRedis();
  direct = openTier(redis.port);
});
beforeEach(async () => {
  await waitUntil(async () => isUp(direct));
  await direct.wipe(PATIENCE);
  proxy = await startFlakyProxy(redis.port);
  stage = await setEntryStage({ redis: () => openTier(proxy.port) });
});
afterEach(async () => {
  proxy.pass();
  await stage.dispose();
  await proxy.close();
});
afterAll(async () => {
  await direct.close();
  await redis.end();
});

function openTier(port: number): EntryTier {
  return createRedisTier({ identity: 'made-up', url: `redis://127.0.0.1:${port}`, report: () => {} });
}

async function isUp(tier: EntryTier): Promise<boolean> {
  return tier.ping(AbortSignal.timeout(1_000)).then(
    () => true,
    () => false,
  );
}

async function statusOfRedis(entries: EntryMemory): Promise<TierStatus | undefined> {
  return (await entries.status())[0];
}

/** Waits until Redis is asked: what only it can have is found. */
async function untilServing(entries: EntryMemory): Promise<void> {
  await waitUntil(() => isUp(direct));
  await direct.write([aKeptEntry('beacon', 1)], PATIENCE);
  await waitUntil(async () => (await entries.get(placeOf('beacon'))) !== undefined);
}

describe('while Redis comes and goes', () => {
  test('2,000 reads and writes end without an error and never with an old value', async () => {
    const { entries, reports } = await stage.open();
    const model = new Map<string, string>();
    let operations = 0;
    let staleReads = 0;
    let leaving = Promise.resolve();
    let back = Promise.resolve();
    const countLeftOut = () => reports.filter((sentence) => sentence.includes('left out')).length;
    let leftOutBefore = 0;
    const workers = Array.from({ length: 8 }, async (_, worker) => {
      for (let step = 0; step < 250; step += 1) {
        await back;
        operations += 1;
        if (operations % 400 === 200) goAway(operations);
        if (operations % 400 === 0) back = comeBack();
        const key = `${worker} ${step % 5}`;
        if (step % 3 === 0) model.set(key, `${step}`);
        if (step % 3 === 0) await entries.put(aNewEntry(key, `${step}`));
        if (step % 50 === 49) await entries.remove(idOf(key));
        if (step % 50 === 49) model.delete(key);
        if (contentOf(await entries.get(placeOf(key))) !== (model.get(key) ?? null)) staleReads += 1;
      }
    });
    await Promise.all(workers);
    await back;
    expect(staleReads).toBe(0);
    expect(operations).toBe(2000);
    // It really was away, and really was used in between.
    expect(countLeftOut()).toBeGreaterThanOrEqual(5);
    expect((await statusOfRedis(entries))?.hitRate).toBeGreaterThan(0);

    /** While the others go on; now in order, now like a loss of power. */
    function goAway(at: number): void {
      leftOutBefore = countLeftOut();
      leaving = at % 800 === 200 ? redis.stop() : redis.crash();
    }

    async function comeBack(): Promise<void> {
      await leaving;
      // Perhaps the others were quicker than its end.
      await waitUntil(async () => {
        await entries.put(aNewEntry('while it is away', `${performance.now()}`));
        return countLeftOut() > leftOutBefore;
      });
      await redis.start();
      await untilServing(entries);
    }
  });

  test('a Redis that is back is used at once, although it was to rest for longer', async () => {
    // No time passes for whoever rests, so that no rest is ever over.
    const { entries, reports } = await stage.open({ elapsedMs: () => 0 });
    await untilServing(entries);
    await redis.stop();
    await waitUntil(async () => {
      await entries.get(placeOf('beacon'));
      return reports.some((sentence) => sentence.includes('left out'));
    });
    await redis.start();
    await untilServing(entries);
    expect(reports.at(-1)).toBe('Redis is used again.');
  });

  test('a read takes its deadline while Redis says nothing, and hardly anything once that is known', async () => {
    const tier = openTier(proxy.port);
    let asked = 0;
    const read: EntryTier['read'] = async (...place) => {
      asked += 1;
      return tier.read(...place);
    };
    const deadlines = { ...PATIENT_DEADLINES, redisReadMs: 20 };
    const { entries } = await stage.open({ redis: { ...tier, read }, deadlines });
    await entries.put(aNewEntry('a', 'one'));
    await untilServing(entries);
    proxy.blackHole();
    asked = 0;
    const durations: number[] = [];
    for (let read = 0; read < 50; read += 1) {
      const startedAt = performance.now();
      expect(contentOf(await entries.get(placeOf('a')))).toBe('one');
      durations.push(performance.now() - startedAt);
    }
    // For a machine that does other things: without a deadline it would be for ever.
    expect(Math.max(...durations)).toBeLessThan(10_000);
    // Three failures in a row, and those that began before the third.
    expect(asked).toBeLessThan(10);
    expect(await statusOfRedis(entries)).toMatchObject({
      state: 'down',
      detail: expect.stringMatching(/answer|timeout/i),
    });
    await tier.close();
  });

  test('a write ends while Redis says nothing, and is read at once', async () => {
    const { entries } = await stage.open({ deadlines: { ...PATIENT_DEADLINES, redisReadMs: 20, redisWriteMs: 50 } });
    await entries.put(aNewEntry('a', 'one'));
    await untilServing(entries);
    proxy.blackHole();
    await entries.put(aNewEntry('a', 'two'));
    expect(contentOf(await entries.get(placeOf('a')))).toBe('two');
    proxy.pass();
    expect(contentOf(await entries.get(placeOf('a')))).toBe('two');
    await untilServing(entries);
    expect(contentOf(await entries.get(placeOf('a')))).toBe('two');
  });

  test('an answer that comes late does harm to nobody', async () => {
    const { entries } = await stage.open({ deadlines: { ...PATIENT_DEADLINES, redisReadMs: 20, redisWriteMs: 20 } });
    await entries.put(aNewEntry('a', '0'));
    await untilServing(entries);
    for (let version = 1; version <= 30; version += 1) {
      proxy.delay(version % 3 === 0 ? 60 : 0);
      await entries.put(aNewEntry('a', `${version}`));
      expect(contentOf(await entries.get(placeOf('a')))).toBe(`${version}`);
    }
  });

  test('a change that missed Redis is read all the same, before anybody has brought it there', async () => {
    const tier = openTier(proxy.port);
    const refused = async () => Promise.reject(new Error('refused'));
    const { entries } = await stage.open({ redis: { ...tier, write: refused } });
    await entries.put(aNewEntry('a', 'one'));
    await untilServing(entries);
    expect(await direct.read(idOf('a'), PATIENCE)).toMatchObject({ version: 1 });
    await stage.stopRelay();
    await entries.put(aNewEntry('a', 'two'));
    expect(contentOf(await entries.get(placeOf('a')))).toBe('two');
    await entries.remove(idOf('a'));
    expect(await entries.get(placeOf('a'))).toBeUndefined();
    expect(await direct.read(idOf('a'), PATIENCE)).toMatchObject({ version: 1 });
    await tier.close();
  });

  test('a connection that is cut again and again costs no error and no truth', async () => {
    const { entries } = await stage.open();
    for (let version = 1; version <= 60; version += 1) {
      if (version % 4 === 0) proxy.cut();
      await entries.put(aNewEntry('a', `${version}`));
      expect(contentOf(await entries.get(placeOf('a')))).toBe(`${version}`);
    }
  });
});

describe('what meets in Redis', () => {
  test('a deletion during a promotion does not bring the value back', async () => {
    const held = holdWrites(openTier(proxy.port), (version) => version === 1);
    const { entries, store } = await stage.open({ redis: held.tier });
    await store.entries.put(aNewEntry('a', 'one'));
    // What a restarted Redis is like: the record has it, and it has nothing.
    await waitUntil(async () => (await store.entries.lag('redis')).rows === 0);
    await direct.wipe(PATIENCE);
    await waitUntil(async () => {
      await entries.get(placeOf('a'));
      return held.waiting() > 0;
    });
    await entries.remove(idOf('a'));
    await held.letGo();
    expect(await direct.read(idOf('a'), PATIENCE)).toMatchObject({ isDeleted: true, version: 2 });
    for (let read = 0; read < 5; read += 1) expect(await entries.get(placeOf('a'))).toBeUndefined();
    await held.tier.close();
  });

  test('the second read within ten minutes promotes what Redis lacks, and an older version replaces nothing', async () => {
    const { entries, store } = await stage.open();
    await entries.put(aNewEntry('a', 'one'));
    await waitUntil(async () => (await store.entries.lag('redis')).rows === 0);
    await direct.wipe(PATIENCE);
    await waitUntil(async () => {
      await entries.get(placeOf('a'));
      return (await direct.read(idOf('a'), PATIENCE)) !== undefined;
    });
    await entries.put(aNewEntry('a', 'two'));
    await direct.write([aKeptEntry('a', 1)], PATIENCE);
    expect(await direct.read(idOf('a'), PATIENCE)).toMatchObject({ version: 2 });
    expect(contentOf(await entries.get(placeOf('a')))).toBe('two');
  });

  test('a tombstone in Redis does not hide what the record has', async () => {
    const { entries } = await stage.open();
    await entries.put(aNewEntry('a', 'one'));
    await direct.write([aTombstone('a', 9)], PATIENCE);
    expect(contentOf(await entries.get(placeOf('a')))).toBe('one');
  });

  test('Redis is asked only while nothing waits for it, and then it answers', async () => {
    const { entries, store } = await stage.open();
    await entries.put(aNewEntry('a', 'one'));
    await untilServing(entries);
    proxy.blackHole();
    await store.entries.put(aNewEntry('b', 'waits'));
    await waitUntil(async () => (await entries.get(placeOf('beacon'))) === undefined);
  });
});

describe('writes that succeed and report a time-out', () => {
  test('repeated by their callers, they leave the newest value, once', async () => {
    const random = seeded(7);
    const flakyTier = failLate(openTier(proxy.port), ['write'], () => random() < 0.05);
    const { entries, store } = await stage.open({ redis: flakyTier });
    const { entries: flaky } = await stage.open({
      redis: flakyTier,
      record: failLate(store.entries, ['put', 'remove'], () => random() < 0.05),
    });
    const model = new Map<string, string>();
    let repeats = 0;
    for (let step = 0; step < 400; step += 1) {
      const key = `${Math.floor(random() * 5)}`;
      if (random() < 0.1) {
        await untilDone(() => flaky.remove(idOf(key)));
        model.delete(key);
      } else {
        await untilDone(() => flaky.put(aNewEntry(key, `${step}`)));
        model.set(key, `${step}`);
      }
      const read = `${Math.floor(random() * 5)}`;
      expect(contentOf(await flaky.get(placeOf(read)))).toBe(model.get(read) ?? null);
    }
    expect(repeats).toBeGreaterThan(5);
    for (const [key, content] of model) expect(contentOf(await entries.get(placeOf(key)))).toBe(content);
    await flakyTier.close();

    async function untilDone(work: () => Promise<unknown>): Promise<void> {
      while (!(await work().then(() => true, isTimeout))) repeats += 1;
    }
  });

  test('repeating a put that had succeeded is no second version', async () => {
    let shallFail = true;
    const { store } = await stage.open();
    const record = failLate(store.entries, ['put'], () => shallFail);
    const { entries } = await stage.open({ record });
    await expect(entries.put(aNewEntry('a', 'one'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    shallFail = false;
    expect(await entries.put(aNewEntry('a', 'one'))).toMatchObject({ version: 1 });
    expect(contentOf(await entries.get(placeOf('a')))).toBe('one');
  });

  test('after a change of which only the error was heard, the old value is not served from Redis', async () => {
    let shallFail = false;
    const { store } = await stage.open();
    const { entries } = await stage.open({ record: failLate(store.entries, ['put', 'remove'], () => shallFail) });
    await entries.put(aNewEntry('a', 'one'));
    await untilServing(entries);
    shallFail = true;
    await entries.put(aNewEntry('a', 'two')).catch(() => {});
    expect(contentOf(await entries.get(placeOf('a')))).toBe('two');
    await entries.remove(idOf('a')).catch(() => {});
    expect(await entries.get(placeOf('a'))).toBeUndefined();
  });
});

describe('a Redis that is of no use', () => {
  test.each([
    ['with another password', ['--requirepass', 'right'], /NOAUTH|Authentication/],
    ['with full memory', ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'], /OOM/],
    ['that is a replica', ['--replicaof', '127.0.0.1', '1'], /READONLY/],
  ])('%s is down with its reason, and everything else works', async (_, flags, reason) => {
    const useless = await startRealRedis(flags);
    const tier = openTier(useless.port);
    const { entries } = await stage.open({ redis: tier });
    for (let version = 1; version <= 10; version += 1) {
      await entries.put(aNewEntry('a', `${version}`));
      expect(contentOf(await entries.get(placeOf('a')))).toBe(`${version}`);
    }
    expect(await statusOfRedis(entries)).toMatchObject({ state: 'down', detail: expect.stringMatching(reason) });
    await tier.close();
    await useless.end();
  });

  test('errors of the record reach the caller, with Redis or without', async () => {
    const { entries, store } = await stage.open();
    await entries.put(aNewEntry('a', 'one'));
    await store.close();
    await expect(entries.put(aNewEntry('a', 'two'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await expect(entries.remove(idOf('a'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await expect(entries.get(placeOf('b'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    expect((await entries.status())[1]).toMatchObject({ tier: 'L2', state: 'down' });
  });
});

/** A tier whose writes of some versions wait until they are let go. */
function holdWrites(tier: EntryTier, isHeld: (version: number) => boolean) {
  const held: (() => Promise<void>)[] = [];
  return {
    tier: {
      ...tier,
      write: (entries, signal) =>
        entries.some(({ version }) => isHeld(version))
          ? new Promise<void>((resolve, reject) => held.push(() => tier.write(entries, PATIENCE).then(resolve, reject)))
          : tier.write(entries, signal),
    } satisfies EntryTier,
    waiting: () => held.length,
    letGo: async () => void (await Promise.all(held.map((go) => go()))),
  };
}

/** The same store, where some calls do what they should and then say that they did not. */
function failLate<Store extends EntryTier | EntryRecord>(
  store: Store,
  methods: readonly (keyof Store)[],
  fails: () => boolean,
): Store {
  const late =
    (call: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      const outcome = await call(...args);
      if (fails()) throw new SynthesisFailure('StoreUnavailable', 'No answer in time.');
      return outcome;
    };
  const changed = methods.map((name) => [name, late(store[name] as (...args: unknown[]) => Promise<unknown>)]);
  return { ...store, ...(Object.fromEntries(changed) as Partial<Store>) };
}

function isTimeout(error: unknown): boolean {
  if (error instanceof SynthesisFailure && error.type === 'StoreUnavailable') return false;
  throw error;
}

/** Numbers from 0 to 1, the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
