/**
 * A process of its own that brings a database to the newest of some migrations, for a test that kills it meanwhile.
 * Usage: postgres-child.ts URL MIGRATIONS_FOLDER
 */
import { migrate, readMigrations } from '../../memory/postgres/migrate.ts';

const [url = '', folder = ''] = process.argv.slice(2);
await migrate(url, readMigrations(folder));
