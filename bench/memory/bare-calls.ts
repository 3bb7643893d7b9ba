import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import type { EntryId } from '../../domain/ids.ts';
import { DATABASE_FILE } from '../../memory/sqlite/open-sqlite-memory.ts';

/** Reads the same bytes as Hydra does, with the driver alone; nothing is parsed or checked. */
export interface BareReader {
  read(id: EntryId): unknown;
  close(): Promise<void>;
}

/** The row of the record in SQLite. */
export function readSqliteBare(folder: string): BareReader {
  const database = new Database(join(folder, DATABASE_FILE), { readonly: true });
  const select = database.prepare('SELECT * FROM entries WHERE id = ?');
  return { read: (id) => select.get(id), close: async () => void database.close() };
}

/** The text that the hot tier keeps. */
export async function readRedisBare(url: string): Promise<BareReader> {
  const redis = new Redis(url);
  const keys = new Map((await redis.keys('*')).map((key) => [key.slice(key.lastIndexOf(':') + 1), key]));
  return { read: (id) => redis.get(keys.get(id) ?? id), close: async () => redis.disconnect() };
}

/** A row of one of the tables in Postgres: the copies, or the record itself. */
export function readPostgresBare(url: string, table: 'entries' | 'entry_copies'): BareReader {
  const pool = new Pool({ connectionString: url, max: 1 });
  const text = `SELECT * FROM hydra.${table} WHERE id = $1`;
  return { read: (id) => pool.query({ name: `bare_${table}`, text, values: [id] }), close: () => pool.end() };
}
