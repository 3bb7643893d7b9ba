import type { Memory } from '../ports.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createDecisionLog } from './decision-log.ts';
import { createEntryRecord } from './entry-record.ts';
import { createFleetKnowledgeStore } from './fleet-knowledge-store.ts';
import { migrate } from './migrate.ts';
import { createNodeRegistry } from './node-registry.ts';
import { createNodeSnapshotStore } from './node-snapshot-store.ts';
import { createOwnershipStore } from './ownership-store.ts';
import { createPostgresConnection, type PostgresConnection } from './postgres-connection.ts';
import { SCHEMA } from './postgres-pool.ts';
import { pruneDatabase } from './prune-database.ts';
import { createRunEventLog } from './run-event-log.ts';
import { createRunStore } from './run-store.ts';
import { createRunWatcher } from './run-watcher.ts';
import { createStepResultStore } from './step-result-store.ts';

export interface PostgresMemoryOptions {
  /** `postgres://` with user, password and database. */
  readonly url: string;
  /** Milliseconds since 1970. Without it, what several machines compare goes by the server's clock. */
  readonly now?: () => number;
}

/**
 * Opens the memory of several machines: a database that is brought to the newest schema, and may come and go afterwards.
 * Errors: SynthesisFailure of type StoreUnavailable when it cannot be used; its message says why and what to do.
 */
export async function openPostgresMemory(options: PostgresMemoryOptions): Promise<Memory> {
  await migrate(options.url);
  const connection = createPostgresConnection(options);
  const watcher = createRunWatcher(options.url);
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
    describe: () => describe(connection),
    async close() {
      const closed = connection.close();
      // They read on and meet the end themselves.
      watcher.end();
      await closed;
    },
  };
}

const DESCRIBE = `
  SELECT
    (SELECT count(*) FROM schema_migrations) AS "schemaVersion",
    (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
     WHERE relnamespace = '${SCHEMA}'::regnamespace AND relkind = 'r') AS "sizeBytes"`;

async function describe({ location, perform }: PostgresConnection): ReturnType<Memory['describe']> {
  const row = await perform('describe', (session) =>
    session.row<{ schemaVersion: number; sizeBytes: number }>(DESCRIBE),
  );
  return { location, schemaVersion: row?.schemaVersion ?? 0, sizeBytes: row?.sizeBytes ?? 0 };
}
