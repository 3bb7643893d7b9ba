import type { Registry } from 'prom-client';
import type { EntryMemory, TierStatus } from '../../memory/entry-ports.ts';
import { addCounter } from './add-counter.ts';
import { addGauge } from './add-gauge.ts';

const LABELS = ['tier', 'name'] as const;

/** A metric of the tiers. A value of null is left out. */
interface TierMetric {
  readonly name: string;
  readonly help: string;
  readonly valueOf: (tier: TierStatus) => number | null;
}

const GAUGES: readonly TierMetric[] = [
  {
    name: 'hydra_memory_tier_up',
    help: '1 for a tier of memory that answers.',
    valueOf: ({ state }) => (state === 'up' ? 1 : 0),
  },
  {
    name: 'hydra_memory_tier_latency_seconds',
    help: 'Time of the last call that a tier answered.',
    valueOf: ({ latencyMs }) => latencyMs && latencyMs / 1_000,
  },
  { name: 'hydra_memory_tier_entries', help: 'Entries that a tier holds.', valueOf: ({ entries }) => entries },
  {
    name: 'hydra_memory_tier_lag_rows',
    help: 'Changes that a copy has not confirmed yet.',
    valueOf: ({ lag }) => lag && lag.rows,
  },
  {
    name: 'hydra_memory_tier_lag_seconds',
    help: 'Age of the oldest of these changes; 0 when none waits.',
    valueOf: ({ lag }) => lag && ageSeconds(lag.oldestAt),
  },
  {
    name: 'hydra_memory_tier_dead_letters',
    help: 'Changes that a copy refused again and again; a rebuild brings them.',
    valueOf: ({ lag }) => lag && lag.deadLetters,
  },
];

const COUNTERS: readonly TierMetric[] = [
  {
    name: 'hydra_memory_tier_hits_total',
    help: 'Reads by this process that a tier answered.',
    valueOf: ({ reads }) => reads?.hits ?? null,
  },
  {
    name: 'hydra_memory_tier_misses_total',
    help: 'Reads by this process of what a tier did not have.',
    valueOf: ({ reads }) => reads?.misses ?? null,
  },
];

/** What can be seen of the tiers of memory, looked up when somebody asks; tiers that no setting names are left out. */
export function addMemoryMetrics(registry: Registry, entries: Pick<EntryMemory, 'status'>): void {
  const readTiers = shareReading(() => readUsed(entries));
  // Reset: a tier that was switched off must not stay.
  for (const { name, help, valueOf } of GAUGES) {
    addGauge(registry, {
      name,
      help,
      labelNames: LABELS,
      async collect() {
        this.reset();
        for (const { labels, value } of list(await readTiers(), valueOf)) this.set(labels, value);
      },
    });
  }
  for (const { name, help, valueOf } of COUNTERS) {
    addCounter(registry, {
      name,
      help,
      labelNames: LABELS,
      async collect() {
        this.reset();
        for (const { labels, value } of list(await readTiers(), valueOf)) this.inc(labels, value);
      },
    });
  }
}

function list(tiers: readonly TierStatus[], valueOf: TierMetric['valueOf']) {
  return tiers.flatMap((status) => {
    const value = valueOf(status);
    return value === null ? [] : [{ labels: { tier: status.tier, name: status.name }, value }];
  });
}

async function readUsed(entries: Pick<EntryMemory, 'status'>): Promise<readonly TierStatus[]> {
  // A record that is down is told by its value; without any status there is nothing to tell, and other metrics still are.
  const tiers = await entries.status().catch((): readonly TierStatus[] => []);
  return tiers.filter(({ state }) => state !== 'off');
}

function ageSeconds(at: string | null): number {
  return at === null ? 0 : Math.max(0, (Date.now() - Date.parse(at)) / 1_000);
}

/** All values of one scrape come from one look, which asks every server. */
function shareReading<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let current: Promise<Value> | undefined;
  return () => (current ??= read().finally(() => (current = undefined)));
}
