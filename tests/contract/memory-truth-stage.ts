import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChromaVectorIndex } from '../../memory/chroma/chroma-vector-index.ts';
import { createRelay } from '../../memory/entries/relay.ts';
import { createTierSink } from '../../memory/entries/relay-sink.ts';
import { createEntrySearch } from '../../memory/entries/search-entries.ts';
import { createTieredEntries } from '../../memory/entries/tiered-entries.ts';
import { createVectorSink } from '../../memory/entries/vector-sink.ts';
import { createVectorTier } from '../../memory/entries/vector-tier.ts';
import type { EntryMemory, VectorIndex } from '../../memory/entry-ports.ts';
import { createPostgresTier } from '../../memory/postgres/postgres-tier.ts';
import { createRedisTier } from '../../memory/redis/redis-tier.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { openSqliteVectorIndex } from '../../memory/sqlite/sqlite-vector-index.ts';
import { startFlakyProxy, type FlakyProxy } from '../support/flaky-proxy.ts';
import { createMadeEmbedder } from '../support/made-vectors.ts';
import { startRealChroma } from '../support/real-chroma.ts';
import { startRealPostgres } from '../support/real-postgres.ts';
import { startRealRedis } from '../support/real-redis.ts';

/** What can be there or not. */
export const HELPERS = ['redis', 'postgres', 'chroma', 'model'] as const;
export type Helper = (typeof HELPERS)[number];

/** All tiers on real servers, each behind a proxy, with made vectors. */
export interface TruthStage {
  readonly entries: EntryMemory;
  /** Makes these helpers there, and all others not. */
  allow(up: readonly Helper[]): void;
  dispose(): Promise<void>;
}

export async function setTruthStage(): Promise<TruthStage> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-truth-'));
  const servers = await startServers();
  const store = await openSqliteMemory({ folder });
  const embedder = createMadeEmbedder();
  const report = (): void => {};
  const redis = createRedisTier({
    identity: 'made-up',
    url: `redis://127.0.0.1:${servers.proxies.redis.port}`,
    report,
  });
  const postgres = createPostgresTier({ url: servers.postgresUrl, report });
  const indexes = await openIndexes(folder, `http://127.0.0.1:${servers.proxies.chroma.port}`);
  const vectors = createVectorTier({ record: store.entries, indexes, problem: null, embedder, report });
  const sinks = [
    ...[redis, postgres].map(createTierSink),
    ...indexes.map((index) => createVectorSink({ record: store.entries, index, embedder })),
  ];
  await store.entries.setTargets(sinks.map(({ name }) => name));
  const stopping = new AbortController();
  // Tries again at once and not after seconds.
  const rest = async (ms: number, signal: AbortSignal) =>
    sleep(Math.min(ms, 100), undefined, { signal }).catch(() => {});
  const relay = createRelay({ record: store.entries, sinks, report, rest });
  const running = relay.run(stopping.signal);
  const entries = createTieredEntries({
    record: store.entries,
    recordName: 'sqlite',
    ownership: store.ownership,
    redis,
    postgres,
    vectors,
    search: createEntrySearch({ record: store.entries, vectors: vectors.search }),
    wake: () => relay.notify(),
    report,
  });
  return {
    entries,
    allow(up) {
      for (const [name, proxy] of Object.entries(servers.proxies)) letThrough(proxy, up.includes(name as Helper));
      embedder.modelName = up.includes('model') ? 'made-up:latest' : null;
    },
    async dispose() {
      stopping.abort();
      await running;
      for (const part of [redis, postgres, ...indexes]) await part.close();
      await store.close();
      await servers.end();
      await rm(folder, { recursive: true });
    },
  };
}

async function startServers() {
  const [redis, postgres, chroma] = await Promise.all([startRealRedis(), startRealPostgres(), startRealChroma()]);
  const proxies = {
    redis: await startFlakyProxy(redis.port),
    postgres: await startFlakyProxy(postgres.port),
    chroma: await startFlakyProxy(chroma.port),
  };
  const database = new URL(await postgres.createDatabase());
  database.port = String(proxies.postgres.port);
  return {
    proxies,
    postgresUrl: database.href,
    async end() {
      for (const proxy of Object.values(proxies)) await proxy.close();
      await redis.end();
      await postgres.dispose();
      await chroma.end();
    },
  };
}

async function openIndexes(folder: string, chromaUrl: string): Promise<readonly VectorIndex[]> {
  const { index: sqlite } = await openSqliteVectorIndex({ folder, model: 'made-up' });
  if (sqlite === null) throw new Error('sqlite-vec cannot be loaded here');
  return [createChromaVectorIndex({ identity: 'made-up', url: chromaUrl, model: 'made-up' }), sqlite];
}

/** A server that takes connections and says nothing, which is harder to tell from one that works than one that is gone. */
function letThrough(proxy: FlakyProxy, isUp: boolean): void {
  if (isUp) proxy.pass();
  else proxy.blackHole();
}
