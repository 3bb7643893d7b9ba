import type { EntryId } from '../../domain/ids.ts';
import type { EntryRecord, OutboxRow, RelayLag, RelayTarget } from '../entry-ports.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

/** What the record knows of its copies. */
export type EntryOutbox = Pick<EntryRecord, 'setTargets' | 'readOutbox' | 'acknowledge' | 'bury' | 'lag' | 'restart'>;

/** How far a copy is: see the table `relay_targets`. */
interface Place {
  readonly position: number;
  readonly base: number;
  readonly begunAt: string;
}

/** A copy that is not kept has everything still to come. */
const BEGINNING: Place = { position: 0, base: 0, begunAt: '' };

/** A dead letter is one until its entry changes again. */
const IS_DEAD = `EXISTS (
    SELECT 1 FROM relay_dead_letters AS dead
    WHERE dead.target = @target AND dead.entry_id = entries.id AND dead.sequence = entries.sequence
  )`;

const BURY = `
  INSERT INTO relay_dead_letters (target, entry_id, sequence, reason, buried_at)
  SELECT target, @id, @sequence - base, @reason, @now FROM relay_targets WHERE target = @target AND @sequence > base
  ON CONFLICT (target, entry_id) DO UPDATE
    SET sequence = excluded.sequence, reason = excluded.reason, buried_at = excluded.buried_at`;

/** The positions of the copies and their dead letters; the outbox itself is the column `sequence` of the entries. */
export function createEntryOutbox(connection: SqliteConnection): EntryOutbox {
  const { database, perform } = connection;
  const { setTargets, restart } = prepareTargets(connection);
  const { readRows, readLag } = prepareReading(connection);
  const bury = database.prepare(BURY);
  const acknowledge = database.prepare(
    'UPDATE relay_targets SET position = max(position, @sequence - base) WHERE target = @target',
  );
  return {
    setTargets: (targets) => perform('entries.setTargets', () => setTargets(targets)),
    readOutbox: (target, limit) => perform('entries.readOutbox', () => readRows(target, limit)),
    acknowledge: (target, sequence) => perform('entries.acknowledge', () => void acknowledge.run({ target, sequence })),
    bury: (target, { id, sequence }, reason) =>
      perform('entries.bury', () => void bury.run({ target, id, sequence, reason, now: isoNow(connection) })),
    lag: (target) => perform('entries.lag', () => readLag(target)),
    restart: (target) => perform('entries.restart', () => restart(target)),
  };
}

function prepareTargets(connection: SqliteConnection) {
  const { database } = connection;
  const select = database.prepare<[], RelayTarget>('SELECT target FROM relay_targets').pluck();
  const remove = database.prepare('DELETE FROM relay_targets WHERE target = ?');
  const exhume = database.prepare('DELETE FROM relay_dead_letters WHERE target = ?');
  // Whatever sequence any copy has been told so far is at most this.
  const raiseBase = database
    .prepare<[], number>('UPDATE entry_counters SET last_base = last_base + last_sequence RETURNING last_base')
    .pluck();
  const insert = database.prepare(
    'INSERT OR REPLACE INTO relay_targets (target, position, base, begun_at) VALUES (?, 0, ?, ?)',
  );
  const begin = (target: RelayTarget): void => {
    exhume.run(target);
    insert.run(target, raiseBase.get(), isoNow(connection));
  };
  const replace = database.transaction((targets: readonly RelayTarget[]): void => {
    const before = select.all();
    for (const target of before.filter((kept) => !targets.includes(kept))) {
      exhume.run(target);
      remove.run(target);
    }
    for (const target of targets.filter((wanted) => !before.includes(wanted))) begin(target);
  });
  const restart = database.transaction((target: RelayTarget): void => {
    if (select.all().includes(target)) begin(target);
  });
  return {
    setTargets: (targets: readonly RelayTarget[]) => replace.immediate(targets),
    restart: (target: RelayTarget) => restart.immediate(target),
  };
}

function prepareReading({ database }: SqliteConnection) {
  const selectPlace = database.prepare<[RelayTarget], Place>(
    'SELECT position, base, begun_at AS begunAt FROM relay_targets WHERE target = ?',
  );
  const selectRows = database.prepare<[object], { sequence: number; id: EntryId; changedAt: string }>(
    `SELECT sequence, id, changed_at AS changedAt FROM entries
     WHERE sequence > @position AND NOT ${IS_DEAD} ORDER BY sequence LIMIT @limit`,
  );
  const countRows = database.prepare<[number], number>('SELECT count(*) FROM entries WHERE sequence > ?').pluck();
  const countDead = database.prepare<[object], { dead: number; deadAhead: number }>(
    `SELECT count(*) AS dead, coalesce(sum(entries.sequence > @position), 0) AS deadAhead
     FROM relay_dead_letters AS dead JOIN entries ON id = entry_id AND entries.sequence = dead.sequence
     WHERE target = @target`,
  );
  const readRows = database.transaction((target: RelayTarget, limit: number): readonly OutboxRow[] => {
    const { position, base } = selectPlace.get(target) ?? BEGINNING;
    return selectRows.all({ target, position, limit }).map(({ sequence, id }) => ({ sequence: base + sequence, id }));
  });
  const readLag = database.transaction((target: RelayTarget): RelayLag => {
    const { position, begunAt } = selectPlace.get(target) ?? BEGINNING;
    const { dead, deadAhead } = countDead.get({ target, position }) ?? { dead: 0, deadAhead: 0 };
    const [oldest] = selectRows.all({ target, position, limit: 1 });
    // What was there before the copy began to be filled waits since then only.
    const oldestAt = oldest && (oldest.changedAt > begunAt ? oldest.changedAt : begunAt);
    return { rows: (countRows.get(position) ?? 0) - deadAhead, oldestAt: oldestAt ?? null, deadLetters: dead };
  });
  return { readRows, readLag };
}
