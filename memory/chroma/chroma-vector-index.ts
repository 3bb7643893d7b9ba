import { ChromaNotFoundError, type ChromaClient, type Collection } from 'chromadb';
import type { EntryId } from '../../domain/ids.ts';
import type { SearchedKind } from '../../domain/memory-entry.ts';
import type { IndexedVector, VectorHit, VectorIndex, VectorPlace, VectorQuery } from '../entry-ports.ts';
import { groupBy, newestOfEach } from '../vector-batch.ts';
import { connectChroma } from './chroma-connection.ts';
import { nameCollections, type CollectionNames } from './collection-names.ts';
import { listCollections } from './list-collections.ts';

export interface ChromaVectorIndexOptions {
  /** Such as `http://localhost:8000`. */
  readonly url: string;
  /** Of the record: others on the same server have collections of their own. */
  readonly identity: string;
  /** The embedding model that the vectors come from. */
  readonly model: string;
}

/**
 * Vectors in a Chroma server. Namespace, kind and length of the vectors have a collection of their own: as filters within one
 * they made a search over 70,000 entries take seconds in place of milliseconds, since the server lists all that pass first.
 * The version of an entry is kept beside its vector, and read before it is written: exact while one relay writes, as it does;
 * should two ever meet, an older vector only costs a place in the order, since every hit is checked against the record.
 * Errors: SynthesisFailure of type StoreUnavailable.
 */
export function createChromaVectorIndex({ url, identity, model }: ChromaVectorIndexOptions): VectorIndex {
  const { perform } = connectChroma(url);
  const names = nameCollections(identity, model);
  return {
    name: 'chroma',
    upsert: (vectors, signal) => perform('upsert', signal, (client) => upsertAll(client, names, newestOfEach(vectors))),
    remove: (entries, signal) =>
      perform('remove', signal, async (client) => {
        if (entries.length > 0) await removeAll(client, names, entries);
      }),
    search: (query, signal) => perform('search', signal, (client) => searchKinds(client, names, query)),
    ping: (signal) => perform('ping', signal, async (client) => void (await client.heartbeat())),
    isEmpty: (vectorLength, signal) =>
      perform('isEmpty', signal, async (client) => {
        // Each namespace has collections of its own, and hardly any is empty: the first one mostly says it.
        for (const collection of await listCollections(client, names.prefix)) {
          if (names.hasLength(collection.name, vectorLength) && (await collection.count()) > 0) return false;
        }
        return true;
      }),
    count: (signal) =>
      perform('count', signal, async (client) => {
        let sum = 0;
        for (const collection of await listCollections(client, names.prefix)) sum += await collection.count();
        return sum;
      }),
    wipe: (signal) =>
      perform('wipe', signal, async (client) => {
        for (const { name } of await listCollections(client, names.ownPrefix)) await client.deleteCollection({ name });
      }),
    async close() {},
  };
}

async function upsertAll(
  client: ChromaClient,
  names: CollectionNames,
  vectors: readonly IndexedVector[],
): Promise<void> {
  const nameOf = (vector: IndexedVector): string => names.nameFor(vector, vector.vector.length);
  for (const [name, group] of groupBy(vectors, nameOf)) {
    // Vectors come with the entries: the server must not want to make its own.
    const configuration = { hnsw: { space: 'cosine' as const } };
    await upsertNewer(await client.getOrCreateCollection({ name, embeddingFunction: null, configuration }), group);
  }
}

async function upsertNewer(collection: Collection, vectors: readonly IndexedVector[]): Promise<void> {
  const kept = await readVersions(collection, vectors);
  const newer = vectors.filter(({ id, version }) => version > (kept.get(id) ?? 0));
  if (newer.length === 0) return;
  await collection.upsert({
    ids: newer.map(({ id }) => id),
    embeddings: newer.map(({ vector }) => Array.from(vector)),
    metadatas: newer.map(({ version }) => ({ version })),
  });
}

async function readVersions(
  collection: Collection,
  vectors: readonly IndexedVector[],
): Promise<ReadonlyMap<string, number>> {
  const found = await collection.get({ ids: vectors.map(({ id }) => id), include: ['metadatas'] });
  return new Map(found.ids.map((id, index) => [id, Number(found.metadatas[index]?.['version'] ?? 0)]));
}

/** From the collections of all lengths: which one holds an entry, nobody knows any more. */
async function removeAll(client: ChromaClient, names: CollectionNames, entries: readonly VectorPlace[]): Promise<void> {
  const collections = await listCollections(client, names.prefix);
  for (const [prefix, group] of groupBy(entries, (entry) => names.prefixFor(entry))) {
    const ids = group.map(({ id }) => id);
    for (const collection of collections) {
      if (collection.name.startsWith(prefix)) await collection.delete({ ids });
    }
  }
}

async function searchKinds(
  client: ChromaClient,
  names: CollectionNames,
  { namespace, kinds, vector, limit }: VectorQuery,
): Promise<readonly VectorHit[]> {
  const searchKind = async (kind: SearchedKind): Promise<readonly VectorHit[]> => {
    const collection = await findCollection(client, names.nameFor({ namespace, kind }, vector.length));
    return collection === undefined ? [] : searchCollection(collection, vector, limit);
  };
  const hits = (await Promise.all(kinds.map(searchKind))).flat();
  return hits
    .toSorted((left, right) => left.distance - right.distance || (left.id < right.id ? -1 : 1))
    .slice(0, limit);
}

async function findCollection(client: ChromaClient, name: string): Promise<Collection | undefined> {
  try {
    return await client.getCollection({ name });
  } catch (error) {
    if (error instanceof ChromaNotFoundError) return undefined;
    throw error;
  }
}

async function searchCollection(
  collection: Collection,
  vector: Float32Array,
  limit: number,
): Promise<readonly VectorHit[]> {
  const found = await collection.query({
    queryEmbeddings: [Array.from(vector)],
    nResults: limit,
    include: ['distances'],
  });
  const ids = found.ids[0] ?? [];
  // A hit without a distance counts as the farthest.
  return ids.map((id, index) => ({ id: id as EntryId, distance: found.distances[0]?.[index] ?? 2 }));
}
