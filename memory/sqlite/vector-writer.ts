import type Database from 'better-sqlite3';
import type { EntryId } from '../../domain/ids.ts';
import type { IndexedVector, VectorPlace } from '../entry-ports.ts';
import { readSigns, toBlob, type VectorTables } from './vector-tables.ts';

/** Changes the two tables of an index together. All of it belongs into a transaction. */
export interface VectorWriter {
  /** Leaves out what is there in the same or a higher version. */
  upsert(tables: VectorTables, vectors: readonly IndexedVector[]): void;
  remove(tables: VectorTables, entries: readonly VectorPlace[]): void;
}

/** Rows of both tables have one number, which a vector keeps when it changes. */
export function createVectorWriter(database: Database.Database): VectorWriter {
  return {
    upsert({ vectors, signs }, changed) {
      const put = database
        .prepare<[object], number>(
          `INSERT INTO ${vectors} (id, version, vector) VALUES (@id, @version, @blob)
           ON CONFLICT (id) DO UPDATE SET version = excluded.version, vector = excluded.vector
             WHERE excluded.version > version
           RETURNING number`,
        )
        .pluck();
      const forget = database.prepare(`DELETE FROM ${signs} WHERE number = ?`);
      const note = database.prepare(
        `INSERT INTO ${signs} (number, namespace, kind, signs) VALUES (?, ?, ?, vec_bit(?))`,
      );
      for (const { id, version, vector, namespace, kind } of changed) {
        const number = put.get({ id, version, blob: toBlob(vector) });
        if (number === undefined) continue;
        forget.run(number);
        // The extension takes no other numbers as keys.
        note.run(BigInt(number), namespace, kind, readSigns(vector));
      }
    },
    remove({ vectors, signs }, entries) {
      const find = database.prepare<[EntryId], number>(`DELETE FROM ${vectors} WHERE id = ? RETURNING number`).pluck();
      const forget = database.prepare(`DELETE FROM ${signs} WHERE number = ?`);
      for (const { id } of entries) {
        const number = find.get(id);
        if (number !== undefined) forget.run(number);
      }
    },
  };
}
