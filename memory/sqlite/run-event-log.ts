import type Database from 'better-sqlite3';
import type { PartId, RunId, StepKey } from '../../domain/ids.ts';
import type { NewRunEvent, RunEvent, RunEventBody } from '../../domain/run-event.ts';
import type { RunEventLog } from '../ports.ts';
import type { RunWatcher } from '../run-watch.ts';
import { subscribeToRun } from '../subscribe-to-run.ts';
import { untilEnd } from '../until-end.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

interface RunEventRow {
  readonly runId: RunId;
  readonly sequence: number;
  readonly at: string;
  readonly partId: PartId | null;
  readonly stepKey: StepKey | null;
  readonly attempt: number;
  readonly body: string;
}

/** Run events in the table `run_events`. */
export function createRunEventLog(connection: SqliteConnection, watcher: RunWatcher): RunEventLog {
  const { database, perform } = connection;
  const insertAll = prepareInsertAll(database);
  const select = database.prepare<[RunId, number, number], RunEventRow>(`
    SELECT run_id AS runId, sequence, at, part_id AS partId, step_key AS stepKey, attempt, body
    FROM run_events WHERE run_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`);
  const selectWithoutText = database.prepare<[RunId], RunEventRow>(`
    SELECT run_id AS runId, sequence, at, part_id AS partId, step_key AS stepKey, attempt, body
    FROM run_events WHERE run_id = ? AND type <> 'text.delta' ORDER BY sequence`);
  const selectEnd = prepareSelectEnd(database);
  // Sequences count from one without a gap: the last of each run says how many there are, without reading them all.
  const count = database
    .prepare<[], number>(
      `SELECT coalesce(sum(coalesce((SELECT max(sequence) FROM run_events WHERE run_id = runs.id), 0)), 0) FROM runs`,
    )
    .pluck();

  const read: RunEventLog['read'] = (runId, after, limit) =>
    perform('events.read', () => select.all(runId, after, limit).map(toRunEvent));

  const findEnd = (runId: RunId) => perform('events.read', () => selectEnd.get(runId) ?? null);

  return {
    append: (events) =>
      perform('events.append', () => {
        if (events.length === 0) return;
        insertAll(events, isoNow(connection));
        watcher.notify(new Set(events.map((event) => event.runId)));
      }),
    count: () => perform('events.count', () => count.get() ?? 0),
    read,
    readWithoutText: (runId) => perform('events.read', () => selectWithoutText.all(runId).map(toRunEvent)),
    subscribe: (runId, after, signal) => subscribeToRun({ runId, after, signal, watcher, read, findEnd }),
  };
}

function toRunEvent(row: RunEventRow): RunEvent {
  return { ...row, body: JSON.parse(row.body) as RunEventBody };
}

function prepareSelectEnd(database: Database.Database): Database.Statement<[RunId], number | null> {
  return database
    .prepare<[RunId], number | null>("SELECT min(sequence) FROM run_events WHERE run_id = ? AND type = 'run.finished'")
    .pluck();
}

function prepareInsertAll(database: Database.Database): (events: readonly NewRunEvent[], at: string) => void {
  const selectEnd = prepareSelectEnd(database);
  const selectLast = database
    .prepare<[RunId], number>('SELECT coalesce(max(sequence), 0) FROM run_events WHERE run_id = ?')
    .pluck();
  const insert = database.prepare(`
    INSERT INTO run_events (run_id, sequence, at, part_id, step_key, attempt, type, body)
    VALUES (@runId, @sequence, @at, @partId, @stepKey, @attempt, @type, @body)`);
  const insertAll = database.transaction((events: readonly NewRunEvent[], at: string) => {
    const lastSequences = new Map<RunId, number>();
    const runIds = [...new Set(events.map((event) => event.runId))];
    const ended = runIds.filter((runId) => (selectEnd.get(runId) ?? null) !== null);
    for (const event of untilEnd(events, ended)) {
      const { runId, partId, stepKey, attempt, body } = event;
      const sequence = (lastSequences.get(runId) ?? selectLast.get(runId) ?? 0) + 1;
      lastSequences.set(runId, sequence);
      insert.run({ runId, sequence, at, partId, stepKey, attempt, type: body.type, body: JSON.stringify(body) });
    }
  });
  return (events, at) => insertAll.immediate(events, at);
}
