import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { Migration } from '../migrations.ts';
import { withFileLock } from './file-lock.ts';
import { migrateDatabase } from './migrate-database.ts';
import { toStoreFailure } from './store-failure.ts';

/** How long a write waits for another process; ours are short, so this is reached only when one of them hangs. */
const BUSY_TIMEOUT_MS = 5000;
/** What the write-ahead log is cut back to after a checkpoint, so that one burst does not keep the disk. */
const LOG_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Prompts and code are private to the user who runs Hydra. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/**
 * Opens the database, makes it where it is missing and brings it to the newest schema.
 * Processes that start together take turns. Errors: SynthesisFailure of type StoreUnavailable.
 */
export function openDatabase(path: string, migrations: readonly Migration[]): Database.Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
    return withFileLock(`${path}.lock`, () => openAndMigrate(path, migrations));
  } catch (error) {
    throw toOpenFailure(error, path);
  }
}

function toOpenFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof SynthesisFailure) return error;
  const failure = toStoreFailure(error, 'open', path);
  if (failure !== error) return failure;
  const details = { action: 'open', location: path, reason: error.message };
  return new SynthesisFailure('StoreUnavailable', `The database ${path} cannot be opened.`, details, { cause: error });
}

function openAndMigrate(path: string, migrations: readonly Migration[]): Database.Database {
  const isNew = !existsSync(path);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (isNew) chmodSync(path, PRIVATE_FILE);
    migrateDatabase(database, migrations);
    configure(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function configure(database: Database.Database): void {
  // Readers and the one writer do not wait for each other.
  const mode = database.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') {
    const details = { location: database.name, mode };
    throw new SynthesisFailure(
      'StoreUnavailable',
      'The database needs a local disk: no write-ahead log here.',
      details,
    );
  }
  // With WAL this loses nothing when a process dies; when the power fails the last moments may be missing, the file is
  // sound. FULL would wait for the disk at every commit, which tokens make many times a second.
  database.pragma('synchronous = NORMAL');
  database.pragma('foreign_keys = ON');
  database.pragma(`journal_size_limit = ${LOG_SIZE_LIMIT_BYTES}`);
}
