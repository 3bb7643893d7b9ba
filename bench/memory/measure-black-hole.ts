import { startFlakyProxy } from '../../tests/support/flaky-proxy.ts';
import { makeEntry, makeMissingId } from './made-entries.ts';
import type { ReadBench } from './measure-reads.ts';
import { openWhole, type WholePlan } from './open-whole.ts';
import { timeCalls, toTiming, type Timing } from './take-turns.ts';

/** Misses of the whole while one of its servers swallows everything and says nothing. */
export interface BlackHoleMeasurement {
  readonly name: string;
  /** Of the tier, see `memory/entries/tiered-entries.ts`. */
  readonly deadlineMs: number;
  /** The first ones, which wait for the deadline. */
  readonly waiting: Timing;
  /** Those after its breaker opened. */
  readonly resting: Timing;
}

/** After so many failures in a row a tier is left alone. */
const FAILURES = 3;
const DEADLINES = { redis: 20, postgres: 300 } as const;

/** Black-holes Redis, then Postgres, with both of them and SQLite in use. */
export async function measureBlackHoles(bench: ReadBench): Promise<readonly BlackHoleMeasurement[]> {
  const database = await bench.servers.postgres.createDatabase();
  const redis = bench.servers.redis.port;
  const postgres = Number(new URL(database).port);
  const through = (url: string, port: number): string => url.replace(/:\d+(?=\/|$)/, `:${port}`);
  return [
    await measureOne(bench, 'redis', redis, (port) => ({
      redisUrl: through(bench.servers.redis.url, port),
      postgresUrl: database,
    })),
    await measureOne(bench, 'postgres', postgres, (port) => ({
      redisUrl: bench.servers.redis.url,
      postgresUrl: through(database, port),
    })),
  ];
}

async function measureOne(
  { folder, plan, report }: ReadBench,
  name: keyof typeof DEADLINES,
  port: number,
  serversBehind: (port: number) => Omit<WholePlan, 'folder'>,
): Promise<BlackHoleMeasurement> {
  report(`a miss with ${name} black-holed`);
  const proxy = await startFlakyProxy(port);
  const whole = await openWhole({ folder, ...serversBehind(proxy.port) });
  try {
    await whole.entries.put(makeEntry(`before the black hole of ${name}`, 1_000));
    await whole.settle();
    const miss = (index: number) => whole.entries.find(makeMissingId(index));
    await timeCalls(miss, 0, FAILURES);
    proxy.blackHole();
    const waiting = await timeCalls(miss, FAILURES, FAILURES);
    const resting = await timeCalls(miss, 2 * FAILURES, plan.blackHoleMisses);
    return { name, deadlineMs: DEADLINES[name], waiting: toTiming(waiting), resting: toTiming(resting) };
  } finally {
    proxy.pass();
    await whole.close();
    await proxy.close();
  }
}
