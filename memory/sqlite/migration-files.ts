import { fileURLToPath } from 'node:url';
import { readMigrationFolder, type Migration } from '../migrations.ts';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/** The migrations of SQLite databases, oldest first. */
export function readMigrations(folder: string = FOLDER): readonly Migration[] {
  return readMigrationFolder(folder);
}
