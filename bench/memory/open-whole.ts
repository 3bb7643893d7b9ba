import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createRelay } from '../../memory/entries/relay.ts';
import { createTierSink } from '../../memory/entries/relay-sink.ts';
import { createTieredEntries, type VectorTier } from '../../memory/entries/tiered-entries.ts';
import type { EntryMemory, EntryRecord, EntryTier } from '../../memory/entry-ports.ts';
import { createEntryRecord } from '../../memory/postgres/entry-record.ts';
import { migrate } from '../../memory/postgres/migrate.ts';
import { createPostgresConnection } from '../../memory/postgres/postgres-connection.ts';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { createRedisTier } from '../../memory/redis/redis-tier.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { waitUntil } from '../../tests/support/wait-until.ts';

/** Which servers stand around the record. */
export interface WholePlan {
  /** Folder in which one for SQLite is made. */
  readonly folder: string;
  readonly redisUrl?: string;
  /** As the long-term copy. */
  readonly postgresUrl?: string;
  /** As the system of record, in place of SQLite. */
  readonly recordUrl?: string;
}

/** Memory as a process has it, without vectors. */
export interface Whole {
  readonly entries: EntryMemory;
  readonly record: EntryRecord;
  readonly redis: EntryTier | null;
  readonly postgres: EntryTier | null;
  /** Where its SQLite file lies. */
  readonly folder: string;
  /** Waits until every copy has everything. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** No vectors: searches are measured by themselves. */
const NO_VECTORS: VectorTier = {
  status: async () => ({
    tier: 'L4',
    name: 'sqlite-vectors',
    state: 'off',
    isRecord: false,
    detail: '',
    latencyMs: null,
    entries: null,
    hitRate: null,
    lag: null,
  }),
  rebuild: async () => {},
};

/** Opens a record with its copies and a relay, with the deadlines that production has. */
export async function openWhole(plan: WholePlan): Promise<Whole> {
  const folder = await mkdtemp(join(plan.folder, 'whole-'));
  const report = () => {};
  const store = await openSqliteMemory({ folder });
  const { record, closeRecord } = openRecord(plan.recordUrl, store.entries);
  const redis =
    plan.redisUrl === undefined
      ? null
      : createRedisTier({ identity: await record.identity(), url: plan.redisUrl, report });
  const postgres = plan.postgresUrl === undefined ? null : createPostgresTier({ url: plan.postgresUrl, report });
  const tiers = [redis, postgres].filter((tier) => tier !== null);
  await record.setTargets(tiers.map(({ name }) => name));
  const relay = createRelay({ record, sinks: tiers.map((tier) => createTierSink(tier)), report });
  const stopping = new AbortController();
  const running = relay.run(stopping.signal);
  const entries = createTieredEntries({
    record,
    recordName: plan.recordUrl === undefined ? 'sqlite' : 'postgres',
    ownership: store.ownership,
    redis,
    postgres,
    vectors: NO_VECTORS,
    search: async () => ({ found: [], degraded: [] }),
    wake: () => relay.notify(),
    report,
  });
  return {
    entries,
    record,
    redis,
    postgres,
    folder,
    settle: () => waitUntil(async () => (await Promise.all(tiers.map(({ name }) => record.lag(name)))).every(isEmpty)),
    async close() {
      stopping.abort();
      await running;
      await Promise.all(tiers.map((tier) => tier.close()));
      await closeRecord();
      await store.close();
    },
  };
}

function openRecord(url: string | undefined, own: EntryRecord) {
  if (url === undefined) return { record: own, closeRecord: async () => {} };
  const connection = createPostgresConnection({ url, prepare: () => migrate(url) });
  return { record: createEntryRecord(connection), closeRecord: () => connection.close() };
}

function isEmpty({ rows }: { readonly rows: number }): boolean {
  return rows === 0;
}
