import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRelay } from '../../memory/entries/relay.ts';
import { createTierSink } from '../../memory/entries/relay-sink.ts';
import {
  createTieredEntries,
  type TieredEntriesOptions,
  type VectorTier,
} from '../../memory/entries/tiered-entries.ts';
import type { EntryMemory, EntryTier } from '../../memory/entry-ports.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';

/** Entries as one process has them, with the record behind them. */
export interface OpenedEntries {
  readonly entries: EntryMemory;
  readonly store: Memory;
  readonly reports: readonly string[];
}

/** Some processes that share one SQLite file and the same tiers. */
export interface EntryStage {
  /** Opens the same entries once more, as another process would. */
  open(changes?: Partial<TieredEntriesOptions>): Promise<OpenedEntries>;
  /** Moves the clock on, for what expires. */
  pass(ms: number): void;
  now(): number;
  /** From now on nobody brings anything to the copies. */
  stopRelay(): Promise<void>;
  dispose(): Promise<void>;
}

export interface StageOptions {
  readonly redis?: () => EntryTier;
  readonly postgres?: () => EntryTier;
}

/** A machine that is busy with other tests answers late, and that is not what most tests are about. */
export const PATIENT_DEADLINES = { redisReadMs: 20_000, redisWriteMs: 20_000, postgresReadMs: 20_000 };

const NO_VECTORS: VectorTier = {
  status: async () => ({
    tier: 'L4',
    name: 'sqlite-vectors',
    state: 'up',
    isRecord: false,
    detail: '',
    latencyMs: null,
    entries: 0,
    hitRate: null,
    lag: null,
  }),
  rebuild: async () => {},
};

/** Sets a stage with its relay at work, which tries again at once and not after seconds. */
export async function setEntryStage({ redis, postgres }: StageOptions = {}): Promise<EntryStage> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-tiered-'));
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const stores: Memory[] = [];
  const tiers: EntryTier[] = [];
  const openTier = (create: (() => EntryTier) | undefined): EntryTier | null => {
    const tier = create?.() ?? null;
    if (tier !== null) tiers.push(tier);
    return tier;
  };
  const openStore = async () => {
    const store = await openSqliteMemory({ folder, now });
    stores.push(store);
    return store;
  };
  const relay = await startRelay(await openStore(), [openTier(redis), openTier(postgres)]);
  return {
    async open(changes) {
      const store = await openStore();
      const reports: string[] = [];
      const entries = createTieredEntries({
        record: store.entries,
        recordName: 'sqlite',
        ownership: store.ownership,
        redis: changes?.redis === undefined ? openTier(redis) : null,
        postgres: changes?.postgres === undefined ? openTier(postgres) : null,
        vectors: NO_VECTORS,
        search: async () => ({ found: [], degraded: [] }),
        wake: relay.wake,
        report: (sentence) => reports.push(sentence),
        deadlines: PATIENT_DEADLINES,
        now,
        ...changes,
      });
      return { entries, store, reports };
    },
    pass: (ms) => void (aheadMs += ms),
    now,
    stopRelay: () => relay.stop(),
    async dispose() {
      await relay.stop();
      for (const tier of tiers) await tier.close();
      for (const store of stores) await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function startRelay(store: Memory, tiers: readonly (EntryTier | null)[]) {
  const sinks = tiers.filter((tier) => tier !== null).map(createTierSink);
  await store.entries.setTargets(sinks.map((sink) => sink.name));
  const stopping = new AbortController();
  const rest = async (ms: number, signal: AbortSignal) =>
    sleep(Math.min(ms, 20), undefined, { signal }).catch(() => {});
  const relay = createRelay({ record: store.entries, sinks, report: () => {}, rest });
  const running = relay.run(stopping.signal);
  return {
    wake: () => relay.notify(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
