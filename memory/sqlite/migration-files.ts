import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SynthesisFailure } from '../../domain/failure.ts';
import { hashText } from '../content-hash.ts';

/** One step of the schema. A released migration never changes: a new one is added. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;

/** The migrations of this Hydra, oldest first; versions count from 1 without a gap. */
export function readMigrations(folder: string = FOLDER): readonly Migration[] {
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
