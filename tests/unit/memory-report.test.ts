import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { isHealthy } from '../../api/reports.ts';
import type { TierStatus } from '../../memory/entry-ports.ts';
import { addMemoryMetrics } from '../../workers/metrics/memory-metrics.ts';
import { checkTiers } from '../../workers/tier-health.ts';
import { aTier, RECORD_ONLY } from '../support/entry-memory.ts';
import { readScrape } from '../support/read-metrics.ts';

const partsOf = (tiers: readonly TierStatus[]) => checkTiers({ status: async () => tiers });

describe('the tiers in /health', () => {
  it('that no setting names are no fault, and say what would name them', async () => {
    const parts = await partsOf(RECORD_ONLY);
    expect(isHealthy({ parts })).toBe(true);
    expect(parts.map(({ name, required, healthy, detail }) => [name, required, healthy, detail])).toEqual([
      ['memory L1 redis', false, true, 'Off. It would be named by REDIS_URL or REDIS_HOST.'],
      ['memory L2 sqlite', true, true, 'Up.'],
      ['memory L3 postgres', false, true, 'Off. It would be named by POSTGRES_URL or POSTGRES_HOST.'],
      ['memory L4 sqlite-vectors', false, true, 'Up. A Chroma server would be named by CHROMA_URL.'],
    ]);
  });

  it('that are down are told with reason and remedy, and only the record makes Hydra unhealthy', async () => {
    const down = { state: 'down', detail: 'connection refused' } as const;
    const copies = await partsOf([aTier({ tier: 'L1', name: 'redis', ...down })]);
    expect(copies).toEqual([
      {
        name: 'memory L1 redis',
        required: false,
        healthy: false,
        detail: 'connection refused. Start it, or correct REDIS_URL or REDIS_HOST. The record answers meanwhile.',
      },
    ]);
    expect(isHealthy({ parts: copies })).toBe(true);
    const record = await partsOf([aTier({ tier: 'L2', name: 'postgres', isRecord: true, ...down })]);
    expect(record[0]).toMatchObject({ required: true, healthy: false });
    expect(isHealthy({ parts: record })).toBe(false);
  });

  it('are one broken part when they cannot be asked at all', async () => {
    const parts = await checkTiers({ status: () => Promise.reject(new Error('the file is gone')) });
    expect(parts).toEqual([{ name: 'memory tiers', required: false, healthy: false, detail: 'the file is gone' }]);
  });
});

describe('the metrics of the tiers', () => {
  async function scrape(tiers: readonly TierStatus[]) {
    const registry = new Registry();
    let looks = 0;
    addMemoryMetrics(registry, {
      async status() {
        looks += 1;
        return tiers;
      },
    });
    const seen = readScrape(await registry.metrics());
    expect(seen.problems).toEqual([]);
    return { ...seen, looks, again: async () => readScrape(await registry.metrics()) };
  }

  it('tell what is up, how fast, how far behind, and what was read, in one look', async () => {
    const redis = { tier: 'L1', name: 'redis' } as const;
    const oldestAt = new Date(Date.now() - 60_000).toISOString();
    const seen = await scrape([
      aTier({ ...redis, latencyMs: 2, reads: { hits: 3, misses: 1 }, lag: { rows: 5, oldestAt, deadLetters: 1 } }),
      aTier({ tier: 'L2', name: 'sqlite', isRecord: true, entries: 9 }),
      aTier({ tier: 'L3', name: 'postgres', state: 'down' }),
      aTier({ tier: 'L4', name: 'chroma', state: 'off' }),
    ]);
    expect(seen.value('hydra_memory_tier_up', redis)).toBe(1);
    expect(seen.value('hydra_memory_tier_up', { name: 'postgres' })).toBe(0);
    expect(seen.value('hydra_memory_tier_up', { name: 'chroma' })).toBeUndefined();
    expect(seen.value('hydra_memory_tier_latency_seconds', redis)).toBe(0.002);
    expect(seen.value('hydra_memory_tier_entries')).toBe(9);
    expect(seen.value('hydra_memory_tier_lag_rows')).toBe(5);
    expect(seen.value('hydra_memory_tier_lag_seconds')).toBeGreaterThanOrEqual(60);
    expect(seen.value('hydra_memory_tier_dead_letters')).toBe(1);
    expect(seen.value('hydra_memory_tier_hits_total')).toBe(3);
    expect(seen.value('hydra_memory_tier_misses_total', redis)).toBe(1);
    expect(seen.looks).toBe(1);
    expect((await seen.again()).value('hydra_memory_tier_hits_total')).toBe(3);
  });
});
