import { randomUUID } from 'node:crypto';
import { SEARCHED_KINDS, type KeptEntry, type MemoryEntry, type SearchedKind } from '../../domain/memory-entry.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { Embedder, EntryRecord, IndexedVector, VectorIndex, VectorPlace } from '../entry-ports.ts';
import { isLive } from '../entry-schema.ts';
import type { RelaySink } from './relay-sink.ts';

export interface VectorSinkOptions {
  readonly record: EntryRecord;
  readonly index: VectorIndex;
  readonly embedder: Embedder;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Embedding is what takes time: seconds on a processor. */
const BATCH_ENTRIES = 32;
/** Two calls to a host for a batch, and a second host when the first one fails. */
const TIMEOUT_MS = 300_000;

/**
 * Brings entries into an index of vectors. It can take nothing while no host has the embedding model or none embeds: entries
 * wait then, as for a server that is away. Entries of kinds that are not searched are no concern of it.
 */
export function createVectorSink({ record, index, embedder, now = Date.now }: VectorSinkOptions): RelaySink {
  return {
    name: index.name,
    batchSize: BATCH_ENTRIES,
    timeoutMs: TIMEOUT_MS,
    async deliver(entries, signal) {
      const searched = entries.filter(isSearched);
      const indexed = searched.filter((entry): entry is IndexableEntry => isIndexable(entry, now()));
      const gone = searched.filter((entry) => !isIndexable(entry, now()));
      if (indexed.length > 0) {
        const vectors = await embedder.embed(
          indexed.map(({ text }) => text),
          signal,
        );
        // It was wiped, or the model is another one: all the others are to come again. The first entry of all comes twice so.
        if (await index.isEmpty(vectors[0]?.length ?? 0, signal)) await record.restart(index.name);
        await index.upsert(
          indexed.map((entry, place) => toIndexed(entry, vectors[place])),
          signal,
        );
      }
      if (gone.length > 0) await index.remove(gone, signal);
    },
    async ping(signal) {
      await index.ping(signal);
      // Whether a host embeds is known only when one has done so now: a text that was asked for before may be remembered.
      await embedder.embed([`ready ${randomUUID()}`], signal);
    },
  };
}

type SearchedEntry = MemoryEntry & VectorPlace;
type IndexableEntry = KeptEntry & VectorPlace;

function isSearched(entry: MemoryEntry): entry is SearchedEntry {
  return SEARCHED_KINDS.some((kind: SearchedKind) => kind === entry.kind);
}

/** What is deleted, has expired or has no words has no meaning to be found by. */
function isIndexable(entry: SearchedEntry, nowMs: number): entry is IndexableEntry {
  return isLive(entry, nowMs) && entry.text.trim() !== '';
}

function toIndexed({ id, namespace, kind, version }: IndexableEntry, vector: Float32Array | undefined): IndexedVector {
  if (vector === undefined) {
    throw new SynthesisFailure('InvariantBroken', 'The embedder made fewer vectors than it was given texts.', { id });
  }
  return { id, namespace, kind, version, vector };
}
