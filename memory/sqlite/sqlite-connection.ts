import type Database from 'better-sqlite3';
import { SynthesisFailure } from '../../domain/failure.ts';
import { toStoreFailure } from './store-failure.ts';

/** What the stores of one process share: one connection, one clock, one way to fail. */
export interface SqliteConnection {
  readonly database: Database.Database;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Does the work and turns what SQLite throws into a SynthesisFailure. `action` names it, such as `runs.insert`. */
  readonly perform: <T>(action: string, work: () => T) => Promise<T>;
}

/** Wraps an open database for the stores. */
export function createConnection(database: Database.Database, now: () => number): SqliteConnection {
  return {
    database,
    now,
    // Async, so that a failure is always a rejection and never thrown into the caller's face.
    async perform(action, work) {
      if (!database.open) {
        const details = { action, location: database.name };
        throw new SynthesisFailure('StoreUnavailable', 'The database was closed.', details);
      }
      try {
        return work();
      } catch (error) {
        throw toStoreFailure(error, action, database.name);
      }
    },
  };
}

/** The connection's time as ISO 8601 in UTC. */
export function isoNow(connection: SqliteConnection): string {
  return new Date(connection.now()).toISOString();
}
