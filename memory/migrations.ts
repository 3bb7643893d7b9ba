import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SynthesisFailure } from '../domain/failure.ts';
import { hashText } from './content-hash.ts';

/** One step of a schema. A released migration never changes: a new one is added. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** A migration that a database has been through. */
export type AppliedMigration = Pick<Migration, 'version' | 'name' | 'checksum'>;

/** Why a database must not be touched. */
export interface SchemaConflict {
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/** The migrations in a folder, oldest first; versions count from 1 without a gap. */
export function readMigrationFolder(folder: string): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  const migrations = names.sort().map((name) => createMigration(name, readFileSync(join(folder, name), 'utf8')));
  const gap = migrations.findIndex((migration, index) => migration.version !== index + 1);
  if (gap >= 0) {
    throw new SynthesisFailure('InvariantBroken', 'Migrations must be numbered from 1 without a gap.', { names });
  }
  return migrations;
}

/** A migration from its file's name, such as `0001-first-tables.sql`, and text. */
export function createMigration(fileName: string, text: string): Migration {
  const [, version, name] = FILE_NAME.exec(fileName) ?? [];
  if (version === undefined || name === undefined) {
    throw new SynthesisFailure('InvariantBroken', 'A migration must be named like 0001-first-tables.sql.', {
      fileName,
    });
  }
  // A checkout may change line ends; that is no change of the migration.
  const sql = text.replaceAll('\r\n', '\n');
  return { version: Number(version), name, sql, checksum: hashText(sql) };
}

/**
 * What speaks against bringing a database that has been through some migrations to these; undefined when nothing does.
 * `wayOut` names what people may use instead, such as `another database`.
 */
export function findSchemaConflict(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
  wayOut: string,
): SchemaConflict | undefined {
  if (applied.length > migrations.length) {
    const details = { databaseVersion: applied.length, knownVersion: migrations.length };
    return { reason: `a newer Hydra has written it; update Hydra, or use ${wayOut}`, details };
  }
  const changed = applied.find((old, index) => old.checksum !== migrations[index]?.checksum);
  if (changed === undefined) return undefined;
  const { version, name } = changed;
  const reason = `migration ${version} (${name}) was changed after it had been applied; restore its file`;
  return { reason, details: { version, name } };
}
