import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';
import { combineNodes } from '../fleet/hosts/combine-nodes.ts';
import { createChromaVectorIndex } from '../memory/chroma/chroma-vector-index.ts';
import { createKeepQuestion } from '../memory/entries/keep-question.ts';
import { createRelay, type Relay } from '../memory/entries/relay.ts';
import { createTierSink } from '../memory/entries/relay-sink.ts';
import { rememberVectors } from '../memory/entries/remember-vectors.ts';
import { createEntrySearch } from '../memory/entries/search-entries.ts';
import { createTieredEntries } from '../memory/entries/tiered-entries.ts';
import { createVectorSink } from '../memory/entries/vector-sink.ts';
import { createVectorTier } from '../memory/entries/vector-tier.ts';
import type { Embedder, EntryMemory, EntryTier, VectorIndex } from '../memory/entry-ports.ts';
import type { Memory } from '../memory/ports.ts';
import { createPostgresTier } from '../memory/postgres/postgres-tier.ts';
import { createRedisTier } from '../memory/redis/redis-tier.ts';
import { openSqliteVectorIndex } from '../memory/sqlite/sqlite-vector-index.ts';
import { createAskNode } from '../models/ask-node.ts';
import { createEmbedTexts } from '../models/embed-texts.ts';
import { carryEntries } from './carry-entries.ts';
import { createFleetEmbedder } from './fleet-embedder.ts';

export interface OpenEntriesOptions {
  readonly settings: Settings;
  readonly memory: Memory;
  /** The text of an environment variable, wherever settings come from. */
  readonly readVariable: (name: string) => string | undefined;
  readonly report: (sentence: string) => void;
}

/** What is remembered over runs, with the tiers that settings name around the record. */
export interface OpenEntries {
  readonly entries: EntryMemory;
  close(): Promise<void>;
}

/** Opens all tiers. Servers that are away are found when they come; nothing waits for them here. */
export async function openEntries(options: OpenEntriesOptions): Promise<OpenEntries> {
  const { settings, memory, report } = options;
  const { record: recordName } = settings.memory;
  const { entries: record, ownership } = memory;
  const identity = await record.identity();
  const { redis, postgres, tiers } = openTiers(options, identity);
  const { indexes, problem } = await openIndexes(settings, identity);
  if (problem !== null) report(problem);
  const embedder = rememberVectors(createEmbedder(options));
  const sinks = [
    ...tiers.map((tier) => createTierSink(tier)),
    ...indexes.map((index) => createVectorSink({ record, index, embedder })),
  ];
  const relay: Relay = createRelay({ record, sinks, report });
  const keepQuestion = createKeepQuestion((place, compute) => entries.getOrCompute(place, compute));
  const vectors = createVectorTier({ record, indexes, problem, embedder, keepQuestion, report });
  const search = createEntrySearch({ record, vectors: vectors.search });
  const wake = () => relay.notify();
  const carrying = carryEntries({ record, ownership, relay, targets: sinks.map(({ name }) => name), report });
  const tiered = { record, recordName, ownership, redis, postgres, vectors, search, wake, report };
  const entries: EntryMemory = createTieredEntries(tiered);
  return {
    entries,
    async close() {
      await carrying.stop();
      await Promise.all([...tiers, ...indexes].map((one) => one.close()));
    },
  };
}

interface OpenTiers {
  readonly redis: EntryTier | null;
  readonly postgres: EntryTier | null;
  /** Both, as far as they are there. */
  readonly tiers: readonly EntryTier[];
}

function openTiers({ settings, report }: OpenEntriesOptions, identity: string): OpenTiers {
  const { record, redis: redisPlace, postgres: postgresPlace } = settings.memory;
  const redis = redisPlace && createRedisTier({ ...redisPlace, identity, report });
  const postgres = record === 'sqlite' && postgresPlace ? createPostgresTier({ ...postgresPlace, report }) : null;
  return { redis, postgres, tiers: [redis, postgres].filter((tier) => tier !== null) };
}

interface OpenIndexes {
  /** The best first. */
  readonly indexes: readonly VectorIndex[];
  /** Why SQLite cannot hold vectors here; null when it does, or is not meant to. */
  readonly problem: string | null;
}

/** A file of vectors belongs to the one machine that fills it, so it stands beside a record that is such a file, too. */
async function openIndexes({ home, memory }: Settings, identity: string): Promise<OpenIndexes> {
  const model = memory.embeddingModel;
  const chroma = memory.chroma ? [createChromaVectorIndex({ ...memory.chroma, identity, model })] : [];
  if (memory.record !== 'sqlite') return { indexes: chroma, problem: null };
  const own = await openSqliteVectorIndex({ folder: home, model }).catch(describeUnopened);
  if (own.index === null) return { indexes: chroma, problem: own.problem };
  return { indexes: [...chroma, own.index], problem: null };
}

/** Nothing needs the vectors, so nothing fails for want of them: a full disk, or a file of a newer Hydra. */
function describeUnopened(error: unknown): { readonly index: null; readonly problem: string } {
  if (error instanceof SynthesisFailure) return { index: null, problem: error.message };
  throw error;
}

function createEmbedder(options: OpenEntriesOptions): Embedder {
  const { settings, memory } = options;
  return createFleetEmbedder({
    model: settings.memory.embeddingModel,
    snapshots: () => memory.nodeSnapshots.read(),
    addresses: () => listAddresses(options),
    embedTexts: createEmbedTexts(createAskNode()),
  });
}

/** How hosts are reached, in any process: the owner of the fleet writes what it sees without tokens and certificates. */
async function listAddresses(options: OpenEntriesOptions): Promise<readonly NodeAddress[]> {
  const { settings, memory, readVariable } = options;
  const [records, snapshots] = await Promise.all([memory.nodeRegistry.list(), memory.nodeSnapshots.read()]);
  const discovered = snapshots
    .filter(({ origin }) => origin === 'discovered')
    .map(({ id, url, slots }) => ({ id, url, slots }));
  return combineNodes({ settings: settings.nodes, records, discovered, defaultSlots: settings.nodeSlots, readVariable })
    .usable;
}
