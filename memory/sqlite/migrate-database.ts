import type Database from 'better-sqlite3';
import { SynthesisFailure } from '../../domain/failure.ts';
import { hashText } from '../content-hash.ts';
import { findSchemaConflict, type AppliedMigration, type Migration } from '../migrations.ts';
import { backupDatabase } from './backup-database.ts';

/**
 * Brings the database to the newest schema: each migration in a transaction of its own, after a backup when there is data.
 * The caller sees to it that no other process does the same at the same time.
 * Errors: SynthesisFailure of type StoreUnavailable for a database that this Hydra must not touch.
 */
export function migrateDatabase(database: Database.Database, migrations: readonly Migration[]): void {
  const applied = readAppliedMigrations(database);
  refuseUnknownSchema(database.name, applied, migrations);
  const pending = migrations.slice(applied.length);
  if (pending.length === 0) return;
  if (applied.length > 0) {
    refuseDamage(database);
    backupDatabase(database, backupPath(database.name, applied.length));
  }
  for (const migration of pending) applyMigration(database, migration);
}

/** Where the copy of a database is kept that was at this schema version before it was migrated. */
export function backupPath(databasePath: string, version: number): string {
  return `${databasePath}.schema-${String(version).padStart(4, '0')}.backup`;
}

/** The schema version that the database is at; 0 for a new one. */
export function readSchemaVersion(database: Database.Database): number {
  return readAppliedMigrations(database).length;
}

function readAppliedMigrations(database: Database.Database): readonly AppliedMigration[] {
  const tables = database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  if (tables.length === 0) return [];
  if (!tables.includes('schema_migrations')) {
    throw refuse(database.name, 'it was not made by Hydra; move the file away');
  }
  return database
    .prepare<[], AppliedMigration>('SELECT version, name, checksum FROM schema_migrations ORDER BY version')
    .all();
}

function refuseUnknownSchema(
  location: string,
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): void {
  const conflict = findSchemaConflict(applied, migrations, 'another HYDRA_HOME');
  if (conflict !== undefined) throw refuse(location, conflict.reason, conflict.details);
}

function refuseDamage(database: Database.Database): void {
  const problems = findProblems(database);
  if (problems.length > 0) throw refuse(database.name, 'it is damaged; restore a backup', { problems });
}

/** What SQLite finds wrong in the file; empty for a sound database. Reads the whole file. */
export function findProblems(database: Database.Database): readonly string[] {
  const findings = database.prepare<[], string>('PRAGMA quick_check(10)').pluck().all();
  return findings.filter((finding) => finding !== 'ok');
}

function refuse(location: string, reason: string, details: Record<string, unknown> = {}): SynthesisFailure {
  return new SynthesisFailure('StoreUnavailable', `The database ${location} cannot be used: ${reason}.`, {
    location,
    ...details,
  });
}

function applyMigration(database: Database.Database, migration: Migration): void {
  // What SQL itself lacks and a migration may use.
  database.function('sha256', { deterministic: true }, (text) => hashText(String(text)));
  const apply = database.transaction(() => {
    database.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`);
    database.exec(migration.sql);
    database
      .prepare('INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)')
      .run(migration.version, migration.name, migration.checksum, new Date().toISOString());
  });
  apply.immediate();
}
