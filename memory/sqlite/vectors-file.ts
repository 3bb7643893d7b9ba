import { rmSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { SynthesisFailure } from '../../domain/failure.ts';
import { withFileLock } from './file-lock.ts';
import { openDatabase } from './open-database.ts';
import { listVectorMigrations } from './vector-tables.ts';

/** A file that holds nothing of its own: it may be made anew at any time, by any process that has it open. */
export interface VectorsFile {
  /** The database of the file that is there now. Errors: SynthesisFailure of type StoreUnavailable. */
  current(): Database.Database;
  /** Puts an empty file in the place of whatever is there, however damaged that is. Errors: as above. */
  remake(): void;
  close(): void;
}

/** Opens the file, and makes it anew where it is seen to be damaged. `prepare` readies each database that is opened. */
export function openVectorsFile(path: string, prepare: (database: Database.Database) => void): VectorsFile {
  let database = openSound(path, prepare);
  let openedFile = readFileNumber(path);
  let isClosed = false;
  const reopen = (): void => {
    database.close();
    database = openSound(path, prepare);
    openedFile = readFileNumber(path);
  };
  return {
    current() {
      if (!isClosed && readFileNumber(path) !== openedFile) reopen();
      return database;
    },
    remake() {
      removeFiles(path);
      reopen();
    },
    close() {
      isClosed = true;
      database.close();
    },
  };
}

function openSound(path: string, prepare: (database: Database.Database) => void): Database.Database {
  const database = openOrReplace(path);
  try {
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openOrReplace(path: string): Database.Database {
  try {
    return openDatabase(path, listVectorMigrations());
  } catch (error) {
    if (!(error instanceof SynthesisFailure) || !DAMAGE.test(String(error.details['code']))) throw error;
    removeFiles(path);
    return openDatabase(path, listVectorMigrations());
  }
}

const DAMAGE = /^SQLITE_(CORRUPT|NOTADB)/;

/** Whoever opens the file meanwhile waits, so that nobody gets the log of one file with another. */
function removeFiles(path: string): void {
  withFileLock(`${path}.lock`, () => {
    for (const suffix of ['-wal', '-shm', '']) rmSync(path + suffix, { force: true });
  });
}

/** What tells a file from another one of its name that has taken its place while it is open. */
function readFileNumber(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
