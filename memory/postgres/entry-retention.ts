import type { EntryId } from '../../domain/ids.ts';
import type { EntryRecord, EntryRetention, RetentionReport } from '../entry-ports.ts';
import type { EntryWrites, WriteAlone } from './entry-writes.ts';
import { isoNow, type PostgresConnection } from './postgres-connection.ts';

/** Other writers wait while one transaction runs; this many take some tens of milliseconds. */
const ENTRIES_PER_TRANSACTION = 100;

/** An entry that is to go, unless it has changed by then. */
interface Outgoing {
  readonly id: EntryId;
  readonly version: number;
}

const LIVE = 'NOT is_deleted AND (expires_at IS NULL OR expires_at > $1)';

const EXPIRED = 'SELECT id, version FROM entries WHERE NOT is_deleted AND expires_at <= $1';
const AGED = `SELECT id, version FROM entries WHERE ${LIVE} AND updated_at < $2`;
/** From the newest to the oldest: where the sum passes the limit, the rest goes. */
const OVER_LIMIT = `
  SELECT id, version FROM (
    SELECT id, version, sum(size_bytes) OVER (ORDER BY updated_at DESC, id ROWS UNBOUNDED PRECEDING) AS total
    FROM entries WHERE ${LIVE} AND updated_at >= $2
  ) AS entries WHERE total > $3`;

/**
 * A copy that was told to delete and refused needs the tombstone for its next rebuild. Vectors bring nothing back, since what they
 * name is read from the record; and where no host has an embedding model they never confirm anything.
 */
const CONFIRMED_TOMBSTONES = `
  SELECT id, version FROM entries
  WHERE is_deleted AND changed_at < $1
    AND NOT EXISTS (
      SELECT 1 FROM relay_targets
      WHERE position < coalesce(entries.sequence, 0) AND target NOT IN ('chroma', 'sqlite-vectors')
    )
    AND NOT EXISTS (SELECT 1 FROM relay_dead_letters AS dead WHERE dead.entry_id = entries.id AND dead.sequence = entries.sequence)`;

/** The retention policy: what goes becomes a tombstone, which the copies follow; tombstones go when all copies have them. */
export function createEntryRetention(connection: PostgresConnection, writeAlone: WriteAlone): EntryRecord['retain'] {
  return async (retention, dryRun): Promise<RetentionReport> => {
    const { expired, aged, overLimit, tombstones } = await findOutgoing(connection, retention);
    const go = async (entries: readonly Outgoing[], hasGone: HasGone): Promise<number> =>
      dryRun ? entries.length : inPieces(entries, (some) => removeAll(writeAlone, some, hasGone));
    return {
      expired: await go(expired, bury),
      aged: await go(aged, bury),
      overLimit: await go(overLimit, bury),
      tombstones: await go(tombstones, forget),
    };
  };
}

async function findOutgoing(
  connection: PostgresConnection,
  retention: EntryRetention,
): Promise<Readonly<Record<keyof RetentionReport, readonly Outgoing[]>>> {
  const { before, limitBytes, tombstonesBefore } = retention;
  const now = isoNow(connection);
  return connection.transact('entries.retain', async (session) => {
    // One view of the entries for all four questions.
    await session.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    return {
      expired: await session.rows<Outgoing>(EXPIRED, [now]),
      aged: await session.rows<Outgoing>(AGED, [now, before]),
      overLimit: await session.rows<Outgoing>(OVER_LIMIT, [now, before, limitBytes]),
      tombstones: await session.rows<Outgoing>(CONFIRMED_TOMBSTONES, [tombstonesBefore]),
    };
  });
}

/** Lets one entry go; false when it has changed meanwhile. */
type HasGone = (writes: EntryWrites, entry: Outgoing) => Promise<boolean>;

const bury: HasGone = (writes, { id, version }) => writes.remove(id, version);

/** Takes a tombstone away for good and remembers how high its version was. */
const forget: HasGone = async ({ session }, { id, version }) => {
  if ((await session.run('DELETE FROM entries WHERE id = $1 AND version = $2', [id, version])) === 0) return false;
  await session.run('DELETE FROM relay_dead_letters WHERE entry_id = $1', [id]);
  await session.run('UPDATE entry_counters SET forgotten_version = greatest(forgotten_version, $1)', [version]);
  return true;
};

function removeAll(writeAlone: WriteAlone, entries: readonly Outgoing[], hasGone: HasGone): Promise<number> {
  return writeAlone('entries.retain', async (writes) => {
    let total = 0;
    for (const entry of entries) if (await hasGone(writes, entry)) total += 1;
    return total;
  });
}

/** Between two pieces other writers get their turn. */
async function inPieces(
  entries: readonly Outgoing[],
  remove: (some: readonly Outgoing[]) => Promise<number>,
): Promise<number> {
  let total = 0;
  for (let start = 0; start < entries.length; start += ENTRIES_PER_TRANSACTION) {
    total += await remove(entries.slice(start, start + ENTRIES_PER_TRANSACTION));
  }
  return total;
}
