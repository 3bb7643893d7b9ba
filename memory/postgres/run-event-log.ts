import type { RunId } from '../../domain/ids.ts';
import type { NewRunEvent, RunEvent, RunEventBody } from '../../domain/run-event.ts';
import type { RunEventLog } from '../ports.ts';
import type { RunWatcher } from '../run-watch.ts';
import { subscribeToRun } from '../subscribe-to-run.ts';
import { untilEnd } from '../until-end.ts';
import { isoNow, type PostgresConnection, type PostgresSession } from './postgres-connection.ts';

/** The channel on which those who write tell in which runs something happened. */
export const RUN_EVENTS_CHANNEL = 'hydra_run_events';

type RunEventRow = Omit<RunEvent, 'body'> & { readonly body: string };

const SELECT = `
  SELECT run_id AS "runId", sequence, at, part_id AS "partId", step_key AS "stepKey", attempt, body FROM run_events`;

/** Who appends to the same runs takes turns until the end of the transaction. In one order, so that none wait in a circle. */
const LOCK_RUNS = `
  SELECT pg_advisory_xact_lock(number) FROM (
    SELECT DISTINCT hashtextextended(run_id, 0) AS number FROM unnest($1::text[]) AS run_id ORDER BY number
  ) AS numbers`;

const FIND_ENDED = `
  SELECT DISTINCT run_id AS "runId" FROM run_events WHERE run_id = ANY($1::text[]) AND type = 'run.finished'`;

const INSERT = `
  INSERT INTO run_events (run_id, sequence, at, part_id, step_key, attempt, type, body)
  SELECT run_id,
    row_number() OVER (PARTITION BY run_id ORDER BY place)
      + coalesce((SELECT max(sequence) FROM run_events AS earlier WHERE earlier.run_id = given.run_id), 0),
    $1, part_id, step_key, attempt, type, body
  FROM unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[])
    WITH ORDINALITY AS given (run_id, part_id, step_key, attempt, type, body, place)`;

const NOTIFY = `SELECT pg_notify('${RUN_EVENTS_CHANNEL}', run_id) FROM unnest($1::text[]) AS run_id`;

const FIND_END = `SELECT min(sequence) AS sequence FROM run_events WHERE run_id = $1 AND type = 'run.finished'`;

/** Sequences count from one without a gap: the last of each run says how many there are, without reading them all. */
const COUNT = `
  SELECT coalesce(sum(last), 0)::bigint AS count FROM runs CROSS JOIN LATERAL (
    SELECT max(sequence) AS last FROM run_events WHERE run_id = runs.id
  ) AS events`;

/** Run events in the table `run_events`. */
export function createRunEventLog(connection: PostgresConnection, watcher: RunWatcher): RunEventLog {
  const { perform, transact } = connection;
  const select = (sql: string, values: readonly unknown[]) =>
    perform('events.read', async (session) => (await session.rows<RunEventRow>(sql, values)).map(toRunEvent));
  const read: RunEventLog['read'] = (runId, after, limit) =>
    select(`${SELECT} WHERE run_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`, [runId, after, limit]);
  const findEnd = (runId: RunId) =>
    perform('events.read', async (session) => {
      const row = await session.row<{ sequence: number | null }>(FIND_END, [runId]);
      return row?.sequence ?? null;
    });
  return {
    async append(events) {
      if (events.length === 0) return;
      await transact('events.append', (session) => appendAll(session, events, isoNow(connection)));
      watcher.notify(new Set(events.map((event) => event.runId)));
    },
    count: () => perform('events.count', async (session) => (await session.row<{ count: number }>(COUNT))?.count ?? 0),
    read,
    readWithoutText: (runId) =>
      select(`${SELECT} WHERE run_id = $1 AND type <> 'text.delta' ORDER BY sequence`, [runId]),
    subscribe: (runId, after, signal) => subscribeToRun({ runId, after, signal, watcher, read, findEnd }),
  };
}

async function appendAll(session: PostgresSession, given: readonly NewRunEvent[], at: string): Promise<void> {
  const runIds = [...new Set(given.map((event) => event.runId))];
  await session.run(LOCK_RUNS, [runIds]);
  const ended = await session.rows<{ runId: RunId }>(FIND_ENDED, [runIds]);
  const events = untilEnd(
    given,
    ended.map(({ runId }) => runId),
  );
  await session.run(INSERT, [
    at,
    events.map((event) => event.runId),
    events.map((event) => event.partId),
    events.map((event) => event.stepKey),
    events.map((event) => event.attempt),
    events.map((event) => event.body.type),
    events.map((event) => JSON.stringify(event.body)),
  ]);
  await session.run(NOTIFY, [runIds]);
}

function toRunEvent(row: RunEventRow): RunEvent {
  return { ...row, body: JSON.parse(row.body) as RunEventBody };
}
