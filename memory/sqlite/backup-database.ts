import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type Database from 'better-sqlite3';

/**
 * Writes a whole copy of the database, what its write-ahead log holds included, to `target`.
 * An earlier file of that name is replaced only when the copy is complete and on the disk.
 */
export function backupDatabase(database: Database.Database, target: string): void {
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { force: true });
  database.prepare('VACUUM INTO ?').run(unfinished);
  flushFile(unfinished);
  renameSync(unfinished, target);
}

function flushFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
