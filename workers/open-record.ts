import { join, resolve } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import type { Memory } from '../memory/ports.ts';
import { openPostgresMemory } from '../memory/postgres/open-postgres-memory.ts';
import { hidePassword } from '../memory/postgres/postgres-connection.ts';
import { DATABASE_FILE, openSqliteMemory } from '../memory/sqlite/open-sqlite-memory.ts';
import { adviseTier } from './advise-tier.ts';

/** The settings that say where everything is kept. */
export type RecordSettings = Pick<Settings, 'home' | 'memory'>;

/**
 * Opens the system of record: a file on this machine, or the Postgres that several machines share.
 * Errors: SynthesisFailure of type StoreUnavailable; its message says why and what to do.
 */
export async function openRecord(settings: RecordSettings): Promise<Memory> {
  const url = postgresUrl(settings);
  if (url === null) return openSqliteMemory({ folder: settings.home });
  return openPostgresMemory({ url }).catch((error: unknown) => {
    throw addAdvice(error);
  });
}

/** Where the system of record is, as people may see it: the path of a file, or a URL without its password. */
export function locateRecord(settings: RecordSettings): string {
  const url = postgresUrl(settings);
  return url === null ? join(resolve(settings.home), DATABASE_FILE) : hidePassword(url);
}

/** Null where SQLite is the record. */
function postgresUrl({ memory: { record, postgres } }: RecordSettings): string | null {
  if (record === 'sqlite') return null;
  if (postgres !== null) return postgres.url;
  throw new SynthesisFailure('InvariantBroken', 'Postgres is the record, and no setting names it.');
}

/** A database that we refuse says itself what to do; a server that cannot be asked does not know our settings. */
function addAdvice(error: unknown): unknown {
  if (!(error instanceof SynthesisFailure) || error.cause === undefined) return error;
  const message = `${error.message.replace(/\.$/, '')}. ${adviseTier({ name: 'postgres', isRecord: true })}`;
  return new SynthesisFailure(error.type, message, error.details, { cause: error });
}
