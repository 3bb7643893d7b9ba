import { join } from 'node:path';
import Database from 'better-sqlite3';
import { ChromaClient } from 'chromadb';
import { load as loadVectorSearch } from 'sqlite-vec';
import type { IndexedVector } from '../../memory/entry-ports.ts';
import { VECTOR_LENGTH } from './made-vectors.ts';

/** A search with the driver alone. */
export interface BareSearch {
  /** IDs of the nearest, nearest first. */
  search(vector: Float32Array, limit: number): Promise<readonly string[]>;
  add?(vectors: readonly IndexedVector[]): void;
}

/** The one collection that Hydra has filled, asked by the client of Chroma. */
export async function searchChromaBare(url: string): Promise<BareSearch> {
  const { hostname, port } = new URL(url);
  const client = new ChromaClient({ host: hostname, port: Number(port), ssl: false });
  const [filled] = await client.listCollections();
  if (filled === undefined) throw new Error('Chroma has no collection.');
  const collection = await client.getCollection({ name: filled.name });
  return {
    async search(vector, limit) {
      const queryEmbeddings = [Array.from(vector)];
      const found = await collection.query({ queryEmbeddings, nResults: limit, include: ['distances'] });
      return found.ids[0] ?? [];
    },
  };
}

/** A plain table of the extension, which compares every vector: slow, and right. */
export function openExactSearch(folder: string): BareSearch & Required<Pick<BareSearch, 'add'>> & { close(): unknown } {
  const database = new Database(join(folder, 'exact.sqlite'));
  loadVectorSearch(database);
  database.pragma('journal_mode = WAL');
  database.exec(
    `CREATE VIRTUAL TABLE vectors USING vec0(id TEXT PRIMARY KEY, vector FLOAT[${VECTOR_LENGTH}] distance_metric=cosine)`,
  );
  const insert = database.prepare('INSERT INTO vectors (id, vector) VALUES (?, ?)');
  const insertAll = database.transaction((vectors: readonly IndexedVector[]) => {
    for (const { id, vector } of vectors) insert.run(id, toBytes(vector));
  });
  const select = database.prepare<[Buffer, number], { id: string }>(
    'SELECT id FROM vectors WHERE vector MATCH ? AND k = ? ORDER BY distance',
  );
  return {
    search: async (vector, limit) => select.all(toBytes(vector), limit).map(({ id }) => id),
    add: insertAll,
    close: () => database.close(),
  };
}

function toBytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
