import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { load as loadVectorSearch } from 'sqlite-vec';
import { SynthesisFailure } from '../../domain/failure.ts';
import { fullModelName } from '../../domain/model-name.ts';
import type { VectorHit, VectorIndex, VectorQuery } from '../entry-ports.ts';
import { groupBy, newestOfEach } from '../vector-batch.ts';
import { createConnection } from './sqlite-connection.ts';
import { findVectorTables, openVectorTables, readSigns, toBlob, type VectorTables } from './vector-tables.ts';
import { createVectorWriter } from './vector-writer.ts';
import { openVectorsFile, type VectorsFile } from './vectors-file.ts';

/** The vectors' file in the folder of all state. It can be made again from the record, and so it is no part of it. */
export const VECTORS_FILE = 'vectors.sqlite';

export interface SqliteVectorIndexOptions {
  /** Where `vectors.sqlite` lies or is to be made; on a local disk. */
  readonly folder: string;
  /** The embedding model that the vectors come from. */
  readonly model: string;
}

/** An index, or why there can be none on this machine. */
export type SqliteVectors = { readonly index: VectorIndex } | { readonly index: null; readonly problem: string };

/**
 * The entries with the most signs in common are compared by their whole vectors. Each more of them costs a look at all signs, so
 * there are fewer the more entries there are: 512 of up to 25,000, and 128 of 100,000, where they still hold the ten nearest.
 */
const MOST_CANDIDATES = 512;
const FEWEST_CANDIDATES = 100;
const LOOKS = 128 * 100_000;

/**
 * Opens the vectors of one machine. A search looks through the signs of all vectors of a namespace first (128 bytes for 1024
 * numbers, so that 100,000 entries take milliseconds) and compares the best by their whole vectors: distances are exact, and up
 * to 512 entries so is the order. Short enough to be done in the main process, without a thread of its own.
 * A file that is damaged is made anew. Errors: SynthesisFailure of type StoreUnavailable.
 */
export async function openSqliteVectorIndex({ folder, model }: SqliteVectorIndexOptions): Promise<SqliteVectors> {
  const problem = findExtensionProblem();
  if (problem !== null) return { index: null, problem };
  const file = openVectorsFile(join(resolve(folder), VECTORS_FILE), loadVectorSearch);
  return { index: createIndex(file, fullModelName(model)) };
}

/** The extension is a program for this kind of machine, which not every machine has. */
function findExtensionProblem(): string | null {
  const database = new Database(':memory:');
  try {
    loadVectorSearch(database);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `sqlite-vec cannot be loaded on ${process.platform}-${process.arch}: ${reason}`;
  } finally {
    database.close();
  }
}

function createIndex(file: VectorsFile, model: string): VectorIndex {
  /** What is asked too late is not done; what has begun is over before anybody could end it. */
  const act = async <T>(action: string, signal: AbortSignal, work: (database: Database.Database) => T): Promise<T> => {
    const database = file.current();
    return createConnection(database, Date.now).perform(`vectors.${action}`, () => {
      if (signal.aborted) throw tooLate(action, database.name);
      return work(database);
    });
  };
  const write = (action: string, signal: AbortSignal, work: (database: Database.Database) => void): Promise<void> =>
    act(action, signal, (database) => database.transaction(() => work(database)).immediate());
  return {
    name: 'sqlite-vectors',
    upsert: (vectors, signal) =>
      write('upsert', signal, (database) => {
        for (const [length, group] of groupBy(newestOfEach(vectors), ({ vector }) => vector.length)) {
          createVectorWriter(database).upsert(openVectorTables(database, model, length), group);
        }
      }),
    remove: (entries, signal) =>
      write('remove', signal, (database) => {
        for (const tables of findVectorTables(database, model)) createVectorWriter(database).remove(tables, entries);
      }),
    search: (query, signal) =>
      act('search', signal, (database) => {
        const [tables] = findVectorTables(database, model, query.vector.length);
        return tables === undefined ? [] : searchTables(database, tables, query);
      }),
    ping: (signal) => act('ping', signal, (database) => void findVectorTables(database, model)),
    isEmpty: (vectorLength, signal) =>
      act('isEmpty', signal, (database) =>
        findVectorTables(database, model, vectorLength).every((tables) => !hasRows(database, tables)),
      ),
    count: (signal) =>
      act('count', signal, (database) =>
        findVectorTables(database, model).reduce((sum, tables) => sum + countRows(database, tables), 0),
      ),
    // Damage is not always seen at once, and then only a new file heals it.
    wipe: (signal) => act('wipe', signal, () => file.remake()),
    async close() {
      file.close();
    },
  };
}

function tooLate(action: string, location: string): SynthesisFailure {
  return new SynthesisFailure('StoreUnavailable', 'The vectors were asked too late.', { action, location });
}

function searchTables(
  database: Database.Database,
  { vectors, signs }: VectorTables,
  { namespace, kinds, vector, limit }: VectorQuery,
): readonly VectorHit[] {
  const [kind, otherKind = kind] = kinds;
  if (kind === undefined) return [];
  const candidates = Math.max(countCandidates(database, vectors), limit);
  return database
    .prepare<[object], VectorHit>(
      `SELECT id, vec_distance_cosine(vector, @vector) AS distance FROM ${vectors}
       WHERE number IN (
         SELECT number FROM ${signs}
         WHERE signs MATCH vec_bit(@signs) AND k = @candidates AND namespace = @namespace AND kind IN (@kind, @otherKind))
       ORDER BY distance, id LIMIT @limit`,
    )
    .all({ vector: toBlob(vector), signs: readSigns(vector), namespace, kind, otherKind, candidates, limit });
}

/** By the highest number: counting would read the whole table. */
function countCandidates(database: Database.Database, vectors: string): number {
  const highest = database.prepare<[], number>(`SELECT max(number) FROM ${vectors}`).pluck().get() ?? 0;
  return Math.min(MOST_CANDIDATES, Math.max(FEWEST_CANDIDATES, Math.floor(LOOKS / Math.max(1, highest))));
}

function hasRows(database: Database.Database, { vectors }: VectorTables): boolean {
  return database.prepare<[], number>(`SELECT EXISTS (SELECT 1 FROM ${vectors})`).pluck().get() === 1;
}

function countRows(database: Database.Database, { vectors }: VectorTables): number {
  return database.prepare<[], number>(`SELECT count(*) FROM ${vectors}`).pluck().get() ?? 0;
}
