import type Database from 'better-sqlite3';
import { createMigration, type Migration } from '../migrations.ts';

/** The two tables of one embedding model and one length of vectors, by name. */
export interface VectorTables {
  /** Entries with their whole vectors. */
  readonly vectors: string;
  /** The signs of their numbers, which are looked through first; rows have the numbers of those in `vectors`. */
  readonly signs: string;
}

/** Which models and lengths there are; `number` is part of the names of their tables, which are made when they are needed. */
const CATALOGUE = `CREATE TABLE vector_indexes (
  number INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  vector_length INTEGER NOT NULL,
  UNIQUE (model, vector_length)
) STRICT`;

/** The schema of the vectors' file. */
export function listVectorMigrations(): readonly Migration[] {
  return [createMigration('0001-vector-indexes.sql', CATALOGUE)];
}

/** The tables of a model for one length of vectors, or of all its lengths. Other processes make and remove them, too. */
export function findVectorTables(
  database: Database.Database,
  model: string,
  vectorLength?: number,
): readonly VectorTables[] {
  return database
    .prepare<[string, number | null, number | null], number>(
      'SELECT number FROM vector_indexes WHERE model = ? AND (? IS NULL OR vector_length = ?)',
    )
    .pluck()
    .all(model, vectorLength ?? null, vectorLength ?? null)
    .map(nameTables);
}

/**
 * The tables of a model and a length, made where they are missing. Those of other models go then: they would miss what comes while
 * they are not in use, and nothing would show it if their model came back. Belongs into a transaction.
 */
export function openVectorTables(database: Database.Database, model: string, vectorLength: number): VectorTables {
  const [found] = findVectorTables(database, model, vectorLength);
  if (found !== undefined) return found;
  dropTables(
    database,
    database.prepare<[string], number>('SELECT number FROM vector_indexes WHERE model <> ?').pluck().all(model),
  );
  const insert = database.prepare('INSERT INTO vector_indexes (model, vector_length) VALUES (?, ?)');
  const tables = nameTables(Number(insert.run(model, vectorLength).lastInsertRowid));
  database.exec(`
    CREATE TABLE ${tables.vectors} (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL,
      vector BLOB NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE ${tables.signs} USING vec0(
      number INTEGER PRIMARY KEY,
      namespace TEXT PARTITION KEY,
      kind TEXT,
      signs BIT[${countSignBits(vectorLength)}]
    )`);
  return tables;
}

function dropTables(database: Database.Database, numbers: readonly number[]): void {
  const forget = database.prepare('DELETE FROM vector_indexes WHERE number = ?');
  for (const number of numbers) {
    const { vectors, signs } = nameTables(number);
    database.exec(`DROP TABLE ${vectors}; DROP TABLE ${signs}`);
    forget.run(number);
  }
}

function nameTables(number: number): VectorTables {
  return { vectors: `vectors_${number}`, signs: `signs_${number}` };
}

const BITS_PER_BYTE = 8;

/** Whole bytes: the last one is filled up with zeros, alike in all vectors. */
function countSignBits(vectorLength: number): number {
  return Math.ceil(vectorLength / BITS_PER_BYTE) * BITS_PER_BYTE;
}

/** One bit for each number of a vector: 1 where it is above zero. */
export function readSigns(vector: Float32Array): Buffer {
  const signs = Buffer.alloc(countSignBits(vector.length) / BITS_PER_BYTE);
  for (let index = 0; index < vector.length; index += 1) {
    const byte = Math.floor(index / BITS_PER_BYTE);
    if ((vector[index] ?? 0) > 0) signs[byte] = (signs[byte] ?? 0) | (1 << (index % BITS_PER_BYTE));
  }
  return signs;
}

/** A vector as SQLite keeps it: its numbers of 32 bits one after the other. */
export function toBlob(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
