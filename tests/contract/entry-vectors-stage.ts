import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChromaVectorIndex } from '../../memory/chroma/chroma-vector-index.ts';
import { createRelay } from '../../memory/entries/relay.ts';
import { createEntrySearch, type SearchEntries } from '../../memory/entries/search-entries.ts';
import { createVectorSink } from '../../memory/entries/vector-sink.ts';
import { createVectorTier, type SearchedVectorTier } from '../../memory/entries/vector-tier.ts';
import type { EntryQuery, EntryRecord, VectorIndex } from '../../memory/entry-ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { openSqliteVectorIndex } from '../../memory/sqlite/sqlite-vector-index.ts';
import { createMadeEmbedder, type MadeEmbedder } from '../support/made-vectors.ts';
import { waitUntil } from '../support/wait-until.ts';

/** A record, its indexes of made vectors, and the relay between them at work. */
export interface VectorsStage {
  readonly record: EntryRecord;
  readonly indexes: readonly VectorIndex[];
  readonly embedder: MadeEmbedder;
  readonly tier: SearchedVectorTier;
  readonly search: SearchEntries;
  readonly reports: string[];
  /** Moves the clock on, for what expires and what waits. */
  pass(ms: number): void;
  /** Resolves when the indexes have everything. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** A query for all kinds in the usual namespace. */
export function aQuery(text: string, changes: Partial<EntryQuery> = {}): EntryQuery {
  return { namespace: 'default', kinds: ['work', 'lesson'], text, limit: 10, mode: 'hybrid', ...changes };
}

/** With Chroma where an address is given, and with SQLite's vectors behind it. */
export async function setVectorsStage(chromaUrl: string | null, deadlineMs = 20_000): Promise<VectorsStage> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-entry-vectors-'));
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const memory = await openSqliteMemory({ folder, now });
  const record = memory.entries;
  const { index: sqlite } = await openSqliteVectorIndex({ folder, model: 'made-up' });
  if (sqlite === null) throw new Error('sqlite-vec cannot be loaded here');
  const chroma =
    chromaUrl === null ? [] : [createChromaVectorIndex({ identity: 'made-up', url: chromaUrl, model: 'made-up' })];
  const indexes = [...chroma, sqlite];
  for (const index of indexes) await index.wipe(AbortSignal.timeout(60_000));
  const embedder = createMadeEmbedder();
  const reports: string[] = [];
  const report = (sentence: string) => void reports.push(sentence);
  const tier = createVectorTier({ record, indexes, problem: null, embedder, report, deadlineMs });
  await record.setTargets(indexes.map(({ name }) => name));
  const stopping = new AbortController();
  const sinks = indexes.map((index) => createVectorSink({ record, index, embedder, now }));
  // Tries again at once and not after seconds.
  const rest = async (ms: number, signal: AbortSignal) =>
    sleep(Math.min(ms, 50), undefined, { signal }).catch(() => {});
  const running = createRelay({ record, sinks, report, rest }).run(stopping.signal);
  return {
    record,
    indexes,
    embedder,
    tier,
    search: createEntrySearch({ record, vectors: tier.search, now }),
    reports,
    pass: (ms) => void (aheadMs += ms),
    settle: () =>
      waitUntil(async () => {
        const lags = await Promise.all(indexes.map(({ name }) => record.lag(name)));
        return lags.every(({ rows }) => rows === 0);
      }),
    async dispose() {
      stopping.abort();
      await running;
      for (const index of indexes) await index.close();
      await memory.close();
      await rm(folder, { recursive: true });
    },
  };
}
