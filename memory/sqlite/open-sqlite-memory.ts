import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type Database from 'better-sqlite3';
import type { RunId } from '../../domain/ids.ts';
import type { Memory } from '../ports.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createEntryRecord } from './entry-record.ts';
import { createFleetKnowledgeStore } from './fleet-knowledge-store.ts';
import { createDecisionLog } from './decision-log.ts';
import { readSchemaVersion } from './migrate-database.ts';
import { readMigrations } from './migration-files.ts';
import { createNodeRegistry } from './node-registry.ts';
import { createNodeSnapshotStore } from './node-snapshot-store.ts';
import { openDatabase } from './open-database.ts';
import { createOwnershipStore } from './ownership-store.ts';
import { pruneDatabase } from './prune-database.ts';
import { createRunEventLog } from './run-event-log.ts';
import { createRunStore } from './run-store.ts';
import { createRunWatcher } from './run-watcher.ts';
import { createConnection, type SqliteConnection } from './sqlite-connection.ts';
import { createStepResultStore } from './step-result-store.ts';

/** The database's file in the folder of all state. */
export const DATABASE_FILE = 'hydra.sqlite';

export interface SqliteMemoryOptions {
  /** Where `hydra.sqlite` lies or is to be made; on a local disk. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Opens the memory of one machine: a SQLite file that several processes share, each with one connection.
 * Errors: SynthesisFailure of type StoreUnavailable when the file cannot be used; its message says why and what to do.
 */
export async function openSqliteMemory({ folder, now = Date.now }: SqliteMemoryOptions): Promise<Memory> {
  const database = openDatabase(join(resolve(folder), DATABASE_FILE), readMigrations());
  const connection = createConnection(database, now);
  const watcher = createRunWatcher({
    readDataVersion: () => readDataVersion(database),
    readLastSequence: prepareLastSequence(database),
  });
  return {
    artifacts: createArtifactStore(connection),
    steps: createStepResultStore(connection),
    runs: createRunStore(connection),
    events: createRunEventLog(connection, watcher),
    entries: createEntryRecord(connection),
    nodeSnapshots: createNodeSnapshotStore(connection),
    fleetKnowledge: createFleetKnowledgeStore(connection),
    nodeRegistry: createNodeRegistry(connection),
    decisions: createDecisionLog(connection),
    ownership: createOwnershipStore(connection),
    prune: (before) => pruneDatabase(connection, before),
    describe: () => describeDatabase(connection),
    async close() {
      database.close();
      watcher.end();
    },
  };
}

/** Changes when another connection has committed. An error counts as a change: the readers wake and meet it themselves. */
function readDataVersion(database: Database.Database): number {
  try {
    return Number(database.pragma('data_version', { simple: true }));
  } catch {
    return Number.NaN;
  }
}

/** As above, an error counts as a change. */
function prepareLastSequence(database: Database.Database): (runId: RunId) => number {
  const select = database
    .prepare<[RunId], number>('SELECT coalesce(max(sequence), 0) FROM run_events WHERE run_id = ?')
    .pluck();
  return (runId) => {
    try {
      return select.get(runId) ?? 0;
    } catch {
      return Number.NaN;
    }
  };
}

function describeDatabase({ database, perform }: SqliteConnection): ReturnType<Memory['describe']> {
  return perform('describe', () => ({
    location: database.name,
    schemaVersion: readSchemaVersion(database),
    sizeBytes: fileSize(database.name) + fileSize(`${database.name}-wal`),
  }));
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
