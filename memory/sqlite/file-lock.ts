import Database from 'better-sqlite3';

/** A large database may be migrated or copied meanwhile; after a minute something is wrong. */
const LOCK_TIMEOUT_MS = 60_000;

/**
 * Runs the work while no other process runs work under the same lock file.
 * The lock is an exclusive transaction on a small database of its own: the operating system ends it when the holder dies,
 * which no lock made of a file's existence does.
 * Errors: a SQLite error with code SQLITE_BUSY after a minute of waiting.
 */
export function withFileLock<T>(lockPath: string, work: () => T): T {
  const lock = new Database(lockPath, { timeout: LOCK_TIMEOUT_MS });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return work();
  } finally {
    lock.close();
  }
}
