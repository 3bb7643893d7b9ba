import type { EntryId } from '../../domain/ids.ts';
import type { MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryTier } from '../entry-ports.ts';
import { createStoredEntryReader } from '../stored-entry-reader.ts';
import { migrate } from './migrate.ts';
import { createPostgresConnection } from './postgres-connection.ts';

export interface PostgresTierOptions {
  /** `postgres://` with user, password and database. */
  readonly url: string;
  readonly report: (sentence: string) => void;
}

/** Sorted, so that two writers of the same entries wait for each other and never in a circle. */
const WRITE = `
  INSERT INTO entry_copies (id, version, is_deleted, entry)
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[]) AS given (id, version, is_deleted, entry)
  ORDER BY id COLLATE "C"
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, is_deleted = excluded.is_deleted, entry = excluded.entry
    WHERE excluded.version > entry_copies.version`;

/** A server that cannot be kept up to date is as good as away. */
const PING = 'UPDATE entry_copies SET version = version WHERE false';

/** The long-term copy of entries, in the table `entry_copies`. It connects, and makes its tables, when it is first asked. */
export function createPostgresTier({ url, report }: PostgresTierOptions): EntryTier {
  const { perform, close } = createPostgresConnection({ url, prepare: () => migrate(url) });
  const readJson = createStoredEntryReader('Postgres', report);
  return {
    name: 'postgres',
    read: (id, signal) =>
      perform(
        'entryCopies.read',
        async (session) => {
          const row = await session.row<{ entry: string }>('SELECT entry FROM entry_copies WHERE id = $1', [id]);
          return row && readJson(id, row.entry);
        },
        signal,
      ),
    async write(entries, signal) {
      if (entries.length === 0) return;
      const newest = keepNewest(entries);
      const values = [
        newest.map(({ id }) => id),
        newest.map(({ version }) => version),
        newest.map(({ isDeleted }) => isDeleted),
        newest.map((entry) => JSON.stringify(entry)),
      ];
      await perform('entryCopies.write', (session) => session.run(WRITE, values), signal);
    },
    ping: (signal) => perform('entryCopies.ping', async (session) => void (await session.run(PING)), signal),
    count: (signal) =>
      perform(
        'entryCopies.count',
        async (session) => (await session.row<{ count: number }>('SELECT count(*) FROM entry_copies'))?.count ?? 0,
        signal,
      ),
    wipe: (signal) =>
      perform('entryCopies.wipe', async (session) => void (await session.run('TRUNCATE entry_copies')), signal),
    close,
  };
}

/** One statement cannot write a row twice. */
function keepNewest(entries: readonly MemoryEntry[]): readonly MemoryEntry[] {
  const newest = new Map<EntryId, MemoryEntry>();
  for (const entry of entries) {
    if (entry.version > (newest.get(entry.id)?.version ?? 0)) newest.set(entry.id, entry);
  }
  return [...newest.values()];
}
