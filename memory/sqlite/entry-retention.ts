import type { EntryId } from '../../domain/ids.ts';
import type { EntryRecord, EntryRetention, RetentionReport } from '../entry-ports.ts';
import type { EntryWrites } from './entry-writes.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

/** Other writers wait while one transaction runs; this many take a few milliseconds. */
const ENTRIES_PER_TRANSACTION = 200;

/** An entry that is to go, unless it has changed by then. */
interface Outgoing {
  readonly id: EntryId;
  readonly version: number;
}

const LIVE = 'is_deleted = 0 AND (expires_at IS NULL OR expires_at > @now)';

const EXPIRED = 'SELECT id, version FROM entries WHERE is_deleted = 0 AND expires_at <= @now';
const AGED = `SELECT id, version FROM entries WHERE ${LIVE} AND updated_at < @before`;
/** From the newest to the oldest: where the sum passes the limit, the rest goes. */
const OVER_LIMIT = `
  SELECT id, version FROM (
    SELECT id, version, sum(size_bytes) OVER (ORDER BY updated_at DESC ROWS UNBOUNDED PRECEDING) AS total
    FROM entries WHERE ${LIVE} AND updated_at >= @before
  ) WHERE total > @limitBytes`;

/**
 * A copy that was told to delete and refused needs the tombstone for its next rebuild. Vectors bring nothing back, since what they
 * name is read from the record; and where no host has an embedding model they never confirm anything.
 */
const CONFIRMED_TOMBSTONES = `
  SELECT id, version FROM entries
  WHERE is_deleted = 1 AND changed_at < @tombstonesBefore
    AND NOT EXISTS (
      SELECT 1 FROM relay_targets
      WHERE position < coalesce(entries.sequence, 0) AND target NOT IN ('chroma', 'sqlite-vectors')
    )
    AND NOT EXISTS (SELECT 1 FROM relay_dead_letters AS dead WHERE dead.entry_id = entries.id AND dead.sequence = entries.sequence)`;

/** The retention policy: what goes becomes a tombstone, which the copies follow; tombstones go when all copies have them. */
export function createEntryRetention(connection: SqliteConnection, writes: EntryWrites): EntryRecord['retain'] {
  const { database, perform } = connection;
  const selects = [EXPIRED, AGED, OVER_LIMIT, CONFIRMED_TOMBSTONES].map((sql) =>
    database.prepare<[object], Outgoing>(sql),
  );
  const find = database.transaction((retention: EntryRetention) =>
    selects.map((select) => select.all({ ...retention, now: isoNow(connection) })),
  );
  const buryAll = database.transaction((entries: readonly Outgoing[]): number =>
    count(entries, ({ id, version }) => writes.remove(id, version)),
  );
  const forgetAll = prepareForget(connection);

  return async (retention, dryRun): Promise<RetentionReport> => {
    const found = await perform('entries.retain', () => find(retention));
    const [expired = [], aged = [], overLimit = [], tombstones = []] = found;
    const go = async (entries: readonly Outgoing[], work: (some: readonly Outgoing[]) => number): Promise<number> =>
      dryRun ? entries.length : inPieces(entries, (some) => perform('entries.retain', () => work(some)));
    return {
      expired: await go(expired, (some) => buryAll.immediate(some)),
      aged: await go(aged, (some) => buryAll.immediate(some)),
      overLimit: await go(overLimit, (some) => buryAll.immediate(some)),
      tombstones: await go(tombstones, forgetAll),
    };
  };
}

/** Takes tombstones away for good and remembers how high their versions were. */
function prepareForget({ database }: SqliteConnection): (tombstones: readonly Outgoing[]) => number {
  const remove = database.prepare('DELETE FROM entries WHERE id = ? AND version = ?');
  const exhume = database.prepare('DELETE FROM relay_dead_letters WHERE entry_id = ?');
  const raise = database.prepare('UPDATE entry_counters SET forgotten_version = max(forgotten_version, ?)');
  const forgetAll = database.transaction((tombstones: readonly Outgoing[]): number =>
    count(tombstones, ({ id, version }) => {
      if (remove.run(id, version).changes === 0) return false;
      exhume.run(id);
      raise.run(version);
      return true;
    }),
  );
  return (tombstones) => forgetAll.immediate(tombstones);
}

function count(entries: readonly Outgoing[], hasGone: (entry: Outgoing) => boolean): number {
  return entries.filter(hasGone).length;
}

/** Between two pieces the process and other writers get their turn. */
async function inPieces(
  entries: readonly Outgoing[],
  remove: (some: readonly Outgoing[]) => Promise<number>,
): Promise<number> {
  let total = 0;
  for (let start = 0; start < entries.length; start += ENTRIES_PER_TRANSACTION) {
    total += await remove(entries.slice(start, start + ENTRIES_PER_TRANSACTION));
    await new Promise(setImmediate);
  }
  return total;
}
