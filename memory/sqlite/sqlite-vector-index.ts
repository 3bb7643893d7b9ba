import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type Database from 'better-sqlite3';
import { load as loadVectorSearch } from 'sqlite-vec';
import { SynthesisFailure } from '../../domain/failure.ts';
import { fullModelName } from '../../domain/model-name.ts';
import type { VectorHit, VectorIndex, VectorQuery } from '../entry-ports.ts';
import { groupBy, newestOfEach } from '../vector-batch.ts';
import { openDatabase } from './open-database.ts';
import { createConnection } from './sqlite-connection.ts';
import {
  dropVectorTables,
  findVectorTables,
  listVectorMigrations,
  openVectorTables,
  readSigns,
  toBlob,
  type VectorTables,
} from './vector-tables.ts';
import { createVectorWriter } from './vector-writer.ts';

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
  const database = openVectors(join(resolve(folder), VECTORS_FILE));
  const problem = loadExtension(database);
  if (problem === null) return { index: createIndex(database, fullModelName(model)) };
  database.close();
  return { index: null, problem };
}

function openVectors(path: string): Database.Database {
  try {
    return openDatabase(path, listVectorMigrations());
  } catch (error) {
    if (!(error instanceof SynthesisFailure) || !DAMAGE.test(String(error.details['code']))) throw error;
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return openDatabase(path, listVectorMigrations());
  }
}

const DAMAGE = /^SQLITE_(CORRUPT|NOTADB)/;

/** The extension is a program for this kind of machine, which not every machine has. */
function loadExtension(database: Database.Database): string | null {
  try {
    loadVectorSearch(database);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `sqlite-vec cannot be loaded on ${process.platform}-${process.arch}: ${reason}`;
  }
}

function createIndex(database: Database.Database, model: string): VectorIndex {
  const { perform } = createConnection(database, Date.now);
  const writer = createVectorWriter(database);
  /** What is asked too late is not done; what has begun is over before anybody could end it. */
  const act = <T>(action: string, signal: AbortSignal, work: () => T): Promise<T> =>
    perform(`vectors.${action}`, () => {
      if (signal.aborted) throw tooLate(action, database.name);
      return work();
    });
  const write = (work: () => void): void => database.transaction(work).immediate();
  return {
    name: 'sqlite-vectors',
    upsert: (vectors, signal) =>
      act('upsert', signal, () =>
        write(() => {
          for (const [length, group] of groupBy(newestOfEach(vectors), ({ vector }) => vector.length)) {
            writer.upsert(openVectorTables(database, model, length), group);
          }
        }),
      ),
    remove: (entries, signal) =>
      act('remove', signal, () =>
        write(() => findVectorTables(database, model).forEach((tables) => writer.remove(tables, entries))),
      ),
    search: (query, signal) =>
      act('search', signal, () => {
        const [tables] = findVectorTables(database, model, query.vector.length);
        return tables === undefined ? [] : searchTables(database, tables, query);
      }),
    ping: (signal) => act('ping', signal, () => void findVectorTables(database, model)),
    count: (signal, vectorLength) =>
      act('count', signal, () =>
        findVectorTables(database, model, vectorLength).reduce((sum, tables) => sum + countRows(database, tables), 0),
      ),
    wipe: (signal) => act('wipe', signal, () => write(() => dropVectorTables(database))),
    async close() {
      database.close();
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

function countRows(database: Database.Database, { vectors }: VectorTables): number {
  return database.prepare<[], number>(`SELECT count(*) FROM ${vectors}`).pluck().get() ?? 0;
}
