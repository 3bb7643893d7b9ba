import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { SynthesisFailure } from '../../domain/failure.ts';
import { findSchemaConflict, readMigrationFolder, type AppliedMigration, type Migration } from '../migrations.ts';
import { backupSchema } from './backup-schema.ts';
import { hidePassword } from './postgres-connection.ts';
import { CONNECT_TIMEOUT_MS, SCHEMA } from './postgres-pool.ts';
import { toStoreFailure } from './store-failure.ts';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/** The key of our advisory lock; any number that nobody else in the database uses. Source: `HYDRA` on a phone's keys. */
const LOCK = 49_372;
/** A large database may be migrated or copied by another process meanwhile; after a minute something is wrong. */
const LOCK_TIMEOUT_MS = 60_000;

/** A statement that has not ended by then never will: the server went away without a word. */
const ANSWER_TIMEOUT_MS = 600_000;

/** The migrations of Postgres databases, oldest first. */
export function readMigrations(folder: string = FOLDER): readonly Migration[] {
  return readMigrationFolder(folder);
}

/**
 * Brings the database to the newest schema: each migration in a transaction of its own, after a copy of all tables when
 * there are any; see `backup-schema.ts`. Processes that start together take turns.
 * Errors: SynthesisFailure of type StoreUnavailable; its message says why and what to do.
 */
export async function migrate(url: string, migrations: readonly Migration[] = readMigrations()): Promise<void> {
  const location = hidePassword(url);
  const client = new Client({
    connectionString: url,
    application_name: 'hydra migration',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that breaks fails the statement under way, too; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await prepareSession(client);
    // The lock belongs to the connection: it ends with it, however the process ends.
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await migrateAlone(client, location, migrations);
  } catch (error) {
    throw toStoreFailure(error, 'migrate', location);
  } finally {
    await client.end().catch(() => {});
  }
}

async function prepareSession(client: Client): Promise<void> {
  await client.query(`SET search_path TO ${SCHEMA}; SET lock_timeout TO ${LOCK_TIMEOUT_MS}`);
  // The server notices within a second that this process died, and lets the next one in; not every system can.
  await client.query("SET client_connection_check_interval TO '1s'").catch(() => {});
}

async function migrateAlone(client: Client, location: string, migrations: readonly Migration[]): Promise<void> {
  const applied = await readAppliedMigrations(client);
  const conflict = findSchemaConflict(applied, migrations, 'another database');
  if (conflict !== undefined) throw refuse(location, conflict.reason, conflict.details);
  const pending = migrations.slice(applied.length);
  if (pending.length === 0) return;
  if (applied.length === 0) await refuseForeignTables(client, location);
  else await backupSchema(client, applied.length);
  for (const migration of pending) await inTransaction(client, () => applyMigration(client, migration));
}

async function readAppliedMigrations(client: Client): Promise<readonly AppliedMigration[]> {
  const { rows: found } = await client.query<{ name: string | null }>('SELECT to_regclass($1) AS name', [
    `${SCHEMA}.schema_migrations`,
  ]);
  if ((found[0]?.name ?? null) === null) return [];
  const { rows } = await client.query<AppliedMigration>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  );
  return rows;
}

async function refuseForeignTables(client: Client, location: string): Promise<void> {
  const { rows } = await client.query('SELECT tablename FROM pg_tables WHERE schemaname = $1 LIMIT 1', [SCHEMA]);
  if (rows.length > 0) throw refuse(location, `its schema "${SCHEMA}" was not made by Hydra; rename that schema`, {});
}

async function applyMigration(client: Client, { version, name, sql, checksum }: Migration): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)`);
  await client.query(sql);
  await client.query('INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)', [
    version,
    name,
    checksum,
    new Date().toISOString(),
  ]);
}

/** All of the work or nothing; a connection that breaks takes its transaction back. */
async function inTransaction(client: Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

function refuse(location: string, reason: string, details: Readonly<Record<string, unknown>>): SynthesisFailure {
  const sentence = `The database ${location} cannot be used: ${reason}.`;
  return new SynthesisFailure('StoreUnavailable', sentence, { location, ...details });
}
