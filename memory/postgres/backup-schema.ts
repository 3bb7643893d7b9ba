import { escapeIdentifier, type Client } from 'pg';
import { SCHEMA } from './postgres-pool.ts';

/** The schema that keeps the tables of a database that was at this schema version before it was migrated. */
export function backupName(version: number): string {
  return `${SCHEMA}_backup_${String(version).padStart(4, '0')}`;
}

/**
 * Copies all tables with their rows into a schema beside them, in one transaction; earlier copies go, so that a database takes
 * twice its space and no more. It is there against a migration that went wrong, not against a lost disk: for that there is
 * pg_dump, which this process may not have, and whose files would lie on whatever machine happened to start first.
 * To go back: `DROP SCHEMA hydra CASCADE; ALTER SCHEMA hydra_backup_0001 RENAME TO hydra;` with the older Hydra.
 * The schema refers to nothing but tables with columns, checks and indexes, which is all that LIKE takes along.
 */
export async function backupSchema(client: Client, version: number): Promise<void> {
  const target = backupName(version);
  // One view of all tables: other processes may be writing.
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  try {
    for (const earlier of await listNames(client, EARLIER)) await client.query(`DROP SCHEMA ${earlier} CASCADE`);
    await client.query(`CREATE SCHEMA ${target}`);
    for (const table of await listNames(client, TABLES)) {
      await client.query(`CREATE TABLE ${target}.${table} (LIKE ${SCHEMA}.${table} INCLUDING ALL)`);
      await client.query(`INSERT INTO ${target}.${table} SELECT * FROM ${SCHEMA}.${table}`);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

const TABLES = `SELECT tablename AS name FROM pg_tables WHERE schemaname = '${SCHEMA}'`;
const EARLIER = `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE '${SCHEMA}\\_backup\\_%'`;

async function listNames(client: Client, sql: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(sql);
  return rows.map(({ name }) => escapeIdentifier(name));
}
