import Database from 'better-sqlite3';
import { SynthesisFailure } from '../../domain/failure.ts';

/** What people are told, by SQLite's primary error code; extended codes begin with it. */
const EXPLANATIONS: readonly (readonly [string, string])[] = [
  ['SQLITE_FULL', 'The disk of the database is full; free some space.'],
  ['SQLITE_BUSY', 'Another process holds the database for too long.'],
  ['SQLITE_LOCKED', 'Another process holds the database for too long.'],
  ['SQLITE_IOERR', 'The disk of the database cannot be read or written.'],
  ['SQLITE_READONLY', 'The database cannot be written; check the rights of its file and folder.'],
  ['SQLITE_CANTOPEN', 'The database cannot be opened; check the rights of its file and folder.'],
  ['SQLITE_PERM', 'The database cannot be opened; check the rights of its file and folder.'],
  ['SQLITE_CORRUPT', 'The database is damaged; restore a backup or move the file away.'],
  ['SQLITE_NOTADB', 'The file is not a database of Hydra; move it away.'],
];

/** The failure for an error of the database; errors of other kinds are returned as they are. */
export function toStoreFailure(error: unknown, action: string, location: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const details = { action, location, code: error.code, reason: error.message };
  if (error.code.startsWith('SQLITE_CONSTRAINT')) {
    return new SynthesisFailure('InvariantBroken', 'A row breaks a rule of the database.', details, { cause: error });
  }
  const explanation = EXPLANATIONS.find(([code]) => error.code.startsWith(code))?.[1] ?? 'The database failed.';
  return new SynthesisFailure('StoreUnavailable', explanation, details, { cause: error });
}
