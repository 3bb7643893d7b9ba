import { Redis } from 'ioredis';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EntryTier } from '../../memory/entry-ports.ts';
import { createTierGuard } from '../../memory/entries/tier-guard.ts';
import { createRedisTier } from '../../memory/redis/redis-tier.ts';
import { startFlakyProxy } from '../support/flaky-proxy.ts';
import { startRealRedis, type RealRedis } from '../support/real-redis.ts';
import { aKeptEntry, aTombstone, idOf, PATIENCE } from './lesson-fixtures.ts';
import { describeTierContract } from './entry-tier-contract.ts';

let redis: RealRedis;
let direct: Redis;
const tiers: EntryTier[] = [];
beforeAll(async () => {
  redis = await startRealRedis();
  direct = new Redis(redis.url, { retryStrategy: () => 20 });
  direct.on('error', () => {});
});
beforeEach(async () => {
  await direct.flushall();
});
afterEach(async () => {
  await Promise.all(tiers.splice(0).map((tier) => tier.close()));
});
afterAll(async () => {
  direct.disconnect();
  await redis.end();
});

function openTier(url: string = redis.url, options: Partial<Parameters<typeof createRedisTier>[0]> = {}): EntryTier {
  const tier = createRedisTier({ url, identity: 'made-up', report: () => {}, ...options });
  tiers.push(tier);
  return tier;
}

describeTierContract('Redis', async () => {
  const proxy = await startFlakyProxy(redis.port);
  const tier = openTier(`redis://127.0.0.1:${proxy.port}`);
  return { tier, open: openTier, silence: () => proxy.blackHole(), dispose: () => proxy.close() };
});

describe('lifetimes', () => {
  const HOUR_MS = 3_600_000;
  const AT = Date.parse('2026-01-01T00:00:00.000Z');
  const lifetimeOf = async (name: string) => direct.pttl(await keyOf(name));

  test.each([
    ['an hour less a tenth at least', 0, 0.9 * HOUR_MS],
    ['an hour and a tenth at most', 1, 1.1 * HOUR_MS],
  ])('an entry stays %s', async (_, random, expectedMs) => {
    await openTier(redis.url, { random: () => random }).write([aKeptEntry('a', 1)], PATIENCE);
    expect(await lifetimeOf('a')).toBeGreaterThan(expectedMs - 60_000);
    expect(await lifetimeOf('a')).toBeLessThanOrEqual(expectedMs);
  });

  test('an entry stays no longer than it is valid', async () => {
    const tier = openTier(redis.url, { now: () => AT });
    await tier.write([aKeptEntry('a', 1, { expiresAt: new Date(AT + 90_000).toISOString() })], PATIENCE);
    expect(await lifetimeOf('a')).toBeGreaterThan(30_000);
    expect(await lifetimeOf('a')).toBeLessThanOrEqual(90_000);
  });

  test('a tombstone stays for a day', async () => {
    await openTier().write([aTombstone('a', 1)], PATIENCE);
    expect(await lifetimeOf('a')).toBeGreaterThan(23 * HOUR_MS);
    expect(await lifetimeOf('a')).toBeLessThanOrEqual(24 * HOUR_MS);
  });

  test('an entry that has expired takes the place of an older one and is not served', async () => {
    const tier = openTier(redis.url, { now: () => AT });
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    await tier.write([aKeptEntry('a', 2, { expiresAt: new Date(AT).toISOString() })], PATIENCE);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
  });
});

describe('what Redis keeps', () => {
  test('a value above 1 MB stays out, and nothing older is served in its place', async () => {
    const tier = openTier();
    await tier.write([aKeptEntry('a', 1), aKeptEntry('b', 2)], PATIENCE);
    await tier.write([aKeptEntry('a', 2, { text: 'x'.repeat(1_000_001) })], PATIENCE);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
    expect(await direct.strlen(await keyOf('a'))).toBeLessThan(100);
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
    expect(await tier.read(idOf('b'), PATIENCE)).toEqual(aKeptEntry('b', 2));
  });

  test('keys of others are neither counted nor wiped', async () => {
    await direct.mset('somebody:else', '1', 'hydra:other', '2');
    const tier = openTier();
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    expect(await tier.count(PATIENCE)).toBe(1);
    await tier.wipe(PATIENCE);
    expect((await direct.keys('*')).sort()).toEqual(['hydra:other', 'somebody:else']);
  });

  test('two records share a server without a look at what is not theirs', async () => {
    const [one, other] = [openTier(), openTier(redis.url, { identity: 'another' })];
    await one.write([aKeptEntry('a', 5)], PATIENCE);
    expect(await other.read(idOf('a'), PATIENCE)).toBeUndefined();
    await other.write([aKeptEntry('a', 1), aKeptEntry('b', 1)], PATIENCE);
    expect(await other.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 1));
    expect([await one.count(PATIENCE), await other.count(PATIENCE)]).toEqual([1, 2]);
    await other.wipe(PATIENCE);
    expect(await one.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 5));
    expect(await other.count(PATIENCE)).toBe(0);
  });

  test('more keys than one step of a scan are all counted and wiped', async () => {
    const tier = openTier();
    for (let batch = 0; batch < 10; batch += 1) {
      const names = Array.from({ length: 200 }, (_, index) => `${batch} ${index}`);
      await tier.write(
        names.map((name) => aKeptEntry(name, 1)),
        PATIENCE,
      );
    }
    expect(await tier.count(PATIENCE)).toBe(2000);
    await tier.wipe(PATIENCE);
    expect(await direct.dbsize()).toBe(0);
  });

  test('large values are read in time by a process that is held up itself', async () => {
    const tier = openTier();
    await tier.write([aKeptEntry('a', 1, { text: 'x'.repeat(100_000) })], PATIENCE);
    const ping = (signal: AbortSignal) => tier.ping(signal);
    const guard = createTierGuard({ name: 'Redis', ping, deadlineMs: 1_500, report: () => {} });
    const reads = Array.from({ length: 8 }, async () => guard.attempt(() => tier.read(idOf('a'))));
    // Longer than the deadline, and less than a connection may be silent.
    const until = performance.now() + 1_600;
    while (performance.now() < until);
    for (const read of await Promise.all(reads)) expect(read.isAnswered).toBe(true);
  });

  test('what others have put under its keys is passed over and reported once', async () => {
    const reports: string[] = [];
    const tier = openTier(redis.url, { report: (sentence) => reports.push(sentence) });
    await tier.write([aKeptEntry('a', 1), aKeptEntry('b', 1)], PATIENCE);
    const [keyA, keyB] = [await keyOf('a'), await keyOf('b')];
    for (const text of [
      '',
      'rubbish',
      '1\n{',
      '1\n"text"',
      '1\n{"__proto__":{"id":"x"}}',
      (await direct.get(keyB)) ?? '',
    ]) {
      await direct.set(keyA, text);
      expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
    }
    expect(reports).toHaveLength(1);
    expect(await tier.read(idOf('b'), PATIENCE)).toEqual(aKeptEntry('b', 1));
  });
});

describe('a server that goes and comes', () => {
  test('is used again after a restart, by itself', async () => {
    const tier = openTier();
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    await redis.stop();
    await expect(tier.read(idOf('a'), PATIENCE)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await redis.start();
    await untilUp(tier);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    expect(await tier.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 1));
  });

  test('tells those who listen when it is back, and then answers', async () => {
    const tier = openTier();
    let returns = 0;
    const pings: Promise<void>[] = [];
    tier.onReturn?.(() => {
      returns += 1;
      pings.push(tier.ping(PATIENCE));
    });
    await expect.poll(() => returns).toBe(1);
    await redis.stop();
    await redis.start();
    await expect.poll(() => returns).toBe(2);
    await Promise.all(pings);
  });

  test('without a need for the password that it is given, without a word on the console', async () => {
    const warn = vi.spyOn(console, 'warn');
    await openTier(redis.url.replace('//', '//:needless@')).ping(PATIENCE);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test('serves nothing of a snapshot that it came back with', async () => {
    const keeping = await startRealRedis(['--save', '3600', '100000', '--enable-debug-command', 'yes']);
    const tier = openTier(keeping.url);
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    const admin = new Redis(keeping.url, { retryStrategy: () => 20 });
    admin.on('error', () => {});
    await admin.save();
    await tier.write([aKeptEntry('a', 2)], PATIENCE);
    await keeping.crash();
    await keeping.start();
    await untilUp(tier);
    // The old version is really there.
    await expect.poll(() => admin.dbsize().catch(() => 0)).toBeGreaterThan(0);
    expect(await tier.read(idOf('a'), PATIENCE)).toBeUndefined();
    admin.disconnect();
    await keeping.end();
  });

  test('that is frozen answers nobody for long, and everybody afterwards', async () => {
    const tier = openTier();
    await tier.ping(PATIENCE);
    await redis.pause();
    await expect(tier.read(idOf('a'), AbortSignal.timeout(50))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    // Longer than a connection may be silent: it is given up and made again.
    await expect.poll(() => reasonOf(tier)).toMatch(/Socket timeout/);
    redis.resume();
    await untilUp(tier);
  });
});

describe('a server that is of no use says why', () => {
  test('with a wrong password', async () => {
    const guarded = await startRealRedis(['--requirepass', 'right']);
    const tier = (password: string) => openTier(`redis://:${password}@127.0.0.1:${guarded.port}`);
    await expect(tier('wrong').ping(PATIENCE)).rejects.toThrow(/WRONGPASS/);
    await expect(openTier(guarded.url).ping(PATIENCE)).rejects.toThrow(/NOAUTH|Authentication required/);
    await tier('right').ping(PATIENCE);
    await guarded.end();
  });

  test('where nobody listens', async () => {
    const gone = await startRealRedis();
    await gone.end();
    await expect(openTier(gone.url).ping(PATIENCE)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('where something else than Redis answers', async () => {
    const web = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const tier = openTier(`redis://127.0.0.1:${(web.address() as AddressInfo).port}`);
    await expect(tier.ping(AbortSignal.timeout(20_000))).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await expect(tier.ping(PATIENCE)).rejects.toThrow(/Unknown RESP type|closed/);
    await tier.close();
    web.close();
  });

  test('when its memory is full, and it serves what it has', async () => {
    const tier = openTier();
    await tier.write([aKeptEntry('a', 1)], PATIENCE);
    await direct.config('SET', 'maxmemory', '1');
    try {
      await expect(tier.ping(PATIENCE)).rejects.toThrow(/OOM/);
      await expect(tier.write([aKeptEntry('a', 2)], PATIENCE)).rejects.toThrow(/OOM/);
      expect(await tier.read(idOf('a'), PATIENCE)).toEqual(aKeptEntry('a', 1));
    } finally {
      await direct.config('SET', 'maxmemory', '0');
    }
    await tier.ping(PATIENCE);
  });

  test('when it only reads', async () => {
    const replica = await startRealRedis(['--replicaof', '127.0.0.1', String(redis.port)]);
    await expect(openTier(replica.url).ping(PATIENCE)).rejects.toThrow(/READONLY/);
    await replica.end();
  });

  test('never with the password', async () => {
    const guarded = await startRealRedis(['--requirepass', 'right']);
    const tier = openTier(`redis://:hunter2@127.0.0.1:${guarded.port}`);
    const failure: unknown = await tier.ping(PATIENCE).catch((error: unknown) => error);
    expect(JSON.stringify([String(failure), failure, (failure as Error).stack])).not.toContain('hunter2');
    await guarded.end();
  });
});

async function keyOf(name: string): Promise<string> {
  const [key] = await direct.keys(`hydra:entry:made-up:*:${idOf(name)}`);
  return key ?? 'none';
}

async function untilUp(tier: EntryTier): Promise<void> {
  await expect.poll(() => reasonOf(tier)).toBe('');
}

async function reasonOf(tier: EntryTier): Promise<string> {
  return tier.ping(AbortSignal.timeout(1_000)).then(
    () => '',
    (error: unknown) => String(error),
  );
}
