import type { EntryRecord, OutboxRow, RelayLag, RelayTarget } from '../entry-ports.ts';
import { isoNow, type PostgresConnection, type PostgresSession } from './postgres-connection.ts';

/** What the record knows of its copies. */
export type EntryOutbox = Pick<EntryRecord, 'setTargets' | 'readOutbox' | 'acknowledge' | 'bury' | 'lag' | 'restart'>;

/** A copy that is not kept has everything still to come. */
const PLACE = `
  WITH place AS (
    SELECT coalesce(max(position), 0) AS position, coalesce(max(base), 0) AS base, coalesce(max(begun_at), '') AS begun
    FROM relay_targets WHERE target = $1
  )`;

/** A dead letter is one until its entry changes again. */
const IS_DEAD = `EXISTS (
    SELECT 1 FROM relay_dead_letters AS dead
    WHERE dead.target = $1 AND dead.entry_id = entries.id AND dead.sequence = entries.sequence
  )`;

const READ = `${PLACE}
  SELECT base + sequence AS sequence, id FROM entries, place
  WHERE sequence > position AND NOT ${IS_DEAD} ORDER BY entries.sequence LIMIT $2`;

/** One statement, so that the numbers belong together. */
const LAG = `${PLACE}, waiting AS (
    SELECT greatest(changed_at, begun) AS at, entries.sequence
    FROM entries, place WHERE sequence > position AND NOT ${IS_DEAD}
  )
  SELECT
    (SELECT count(*) FROM waiting) AS rows,
    (SELECT at FROM waiting ORDER BY sequence LIMIT 1) AS "oldestAt",
    (SELECT count(*) FROM relay_dead_letters AS dead JOIN entries ON id = entry_id AND entries.sequence = dead.sequence
     WHERE target = $1) AS "deadLetters"`;

const BURY = `
  INSERT INTO relay_dead_letters (target, entry_id, sequence, reason, buried_at)
  SELECT target, $2, $3::bigint - base, $4, $5 FROM relay_targets WHERE target = $1 AND $3::bigint > base
  ON CONFLICT (target, entry_id) DO UPDATE
    SET sequence = excluded.sequence, reason = excluded.reason, buried_at = excluded.buried_at`;

/** Whatever sequence was told of any copy so far is at most this. */
const RAISE_BASE = 'UPDATE entry_counters SET last_base = last_base + last_sequence';
const BEGIN = `
  INSERT INTO relay_targets (target, position, base, begun_at) SELECT $1, 0, last_base, $2 FROM entry_counters
  ON CONFLICT (target) DO UPDATE SET position = 0, base = excluded.base, begun_at = excluded.begun_at`;

/** The positions of the copies and their dead letters; the outbox itself is the column `sequence` of the entries. */
export function createEntryOutbox(connection: PostgresConnection): EntryOutbox {
  const { perform, transact } = connection;
  return {
    setTargets: (targets) =>
      transact('entries.setTargets', (session) => replaceTargets(session, targets, isoNow(connection))),
    readOutbox: (target, limit) =>
      perform('entries.readOutbox', (session) => session.rows<OutboxRow>(READ, [target, limit])),
    acknowledge: (target, sequence) =>
      perform('entries.acknowledge', async (session) => {
        const sql = 'UPDATE relay_targets SET position = greatest(position, $2 - base) WHERE target = $1';
        await session.run(sql, [target, sequence]);
      }),
    bury: (target, { id, sequence }, reason) =>
      perform('entries.bury', async (session) => {
        await session.run(BURY, [target, id, sequence, withoutZeros(reason), isoNow(connection)]);
      }),
    lag: (target) =>
      perform('entries.lag', async (session) => {
        const lag = await session.row<RelayLag>(LAG, [target]);
        return lag ?? { rows: 0, oldestAt: null, deadLetters: 0 };
      }),
    restart: (target) =>
      transact('entries.restart', async (session) => {
        const kept = await lockTargets(session);
        if (kept.includes(target)) await begin(session, target, isoNow(connection));
      }),
  };
}

async function replaceTargets(session: PostgresSession, targets: readonly RelayTarget[], now: string): Promise<void> {
  const before = await lockTargets(session);
  const gone = before.filter((kept) => !targets.includes(kept));
  await session.run('DELETE FROM relay_dead_letters WHERE target = ANY($1)', [gone]);
  await session.run('DELETE FROM relay_targets WHERE target = ANY($1)', [gone]);
  for (const target of targets.filter((wanted) => !before.includes(wanted))) await begin(session, target, now);
}

async function begin(session: PostgresSession, target: RelayTarget, now: string): Promise<void> {
  await session.run('DELETE FROM relay_dead_letters WHERE target = $1', [target]);
  await session.run(RAISE_BASE);
  await session.run(BEGIN, [target, now]);
}

/** Holds everybody else who changes targets or entries until the end of the transaction; gives the targets. */
async function lockTargets(session: PostgresSession): Promise<readonly RelayTarget[]> {
  await session.run('SELECT 1 FROM entry_counters FOR UPDATE');
  const rows = await session.rows<{ target: RelayTarget }>('SELECT target FROM relay_targets');
  return rows.map(({ target }) => target);
}

/** A text of Postgres cannot hold the character 0. */
function withoutZeros(text: string): string {
  return text.replaceAll('\0', ' ');
}
