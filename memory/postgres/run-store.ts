import type { RunRecord, RunStatus } from '../../domain/run.ts';
import { requirePageSize } from '../page-size.ts';
import type { RunPage, RunStore } from '../ports.ts';
import { decodeRunCursor, encodeRunCursor } from '../run-cursor.ts';
import { stringifyOrNull, toRunRecord, toRunRow, type RunRow } from '../run-row.ts';
import { isoNow, type PostgresConnection, type PostgresSession } from './postgres-connection.ts';

const SELECT = `
  SELECT id, prompt, status, priority, created_at AS "createdAt", updated_at AS "updatedAt", progress, result, error
  FROM runs`;
const OPEN = `status IN ('queued', 'running')`;

const INSERT = `
  INSERT INTO runs (id, prompt, status, priority, created_at, updated_at, progress, result, error)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`;

/** One statement for every change. A flag tells a column that is set to null from one that is left alone. */
const UPDATE = `
  UPDATE runs SET updated_at = $2, status = coalesce($3, status),
    progress = CASE WHEN $4::boolean THEN $5 ELSE progress END,
    result = CASE WHEN $6::boolean THEN $7 ELSE result END,
    error = CASE WHEN $8::boolean THEN $9 ELSE error END
  WHERE id = $1 AND ${OPEN}`;

/** Sorts after every time and ID: where the first page begins. */
const BEFORE_FIRST_PAGE = { createdAt: '\u{10ffff}', id: '\u{10ffff}' };

/** Runs in the table `runs`. */
export function createRunStore(connection: PostgresConnection): RunStore {
  const { perform } = connection;
  return {
    insert: (run) => perform('runs.insert', async (session) => (await session.run(INSERT, toInsertValues(run))) === 1),
    update: (id, change) =>
      perform('runs.update', async (session) => {
        const { status = null, progress, result, error } = change;
        const columns = [progress, result, error].flatMap((value) => [value !== undefined, stringifyOrNull(value)]);
        return (await session.run(UPDATE, [id, isoNow(connection), status, ...columns])) === 1;
      }),
    find: (id) =>
      perform('runs.find', async (session) => {
        const row = await session.row<RunRow>(`${SELECT} WHERE id = $1`, [id]);
        return row && toRecord(row);
      }),
    list: (filter) => perform('runs.list', (session) => selectPage(session, filter)),
    listOpen: () =>
      perform('runs.listOpen', async (session) => {
        const rows = await session.rows<RunRow>(`${SELECT} WHERE ${OPEN} ORDER BY created_at, id`);
        return rows.map(toRecord);
      }),
    countOpen: () =>
      perform('runs.countOpen', async (session) => {
        const row = await session.row<{ count: number }>(`SELECT count(*) FROM runs WHERE ${OPEN}`);
        return row?.count ?? 0;
      }),
    countByStatus: () =>
      perform('runs.countByStatus', async (session) => {
        const sql = 'SELECT status, count(*) FROM runs GROUP BY status';
        const rows = await session.rows<{ status: RunStatus; count: number }>(sql);
        return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
      }),
  };
}

async function selectPage(session: PostgresSession, filter: Parameters<RunStore['list']>[0]): Promise<RunPage> {
  const { status, limit, cursor } = filter;
  requirePageSize(limit);
  const { createdAt, id } = cursor === undefined ? BEFORE_FIRST_PAGE : decodeRunCursor(cursor);
  const narrowed = status === undefined ? '' : 'status = $4 AND';
  const sql = `${SELECT} WHERE ${narrowed} (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3`;
  // One row more than asked for tells whether another page follows.
  const values = [createdAt, id, limit + 1, ...(status === undefined ? [] : [status])];
  const rows = await session.rows<RunRow>(sql, values);
  const runs = rows.slice(0, limit).map(toRecord);
  const last = runs.at(-1);
  return { runs, nextCursor: rows.length > limit && last ? encodeRunCursor(last) : null };
}

/** A prompt is kept as JSON, because a text of Postgres cannot hold the character 0. */
function toRecord(row: RunRow): RunRecord {
  return toRunRecord({ ...row, prompt: JSON.parse(row.prompt) as string });
}

function toInsertValues(run: RunRecord): readonly unknown[] {
  const { id, prompt, status, priority, createdAt, updatedAt, progress, result, error } = toRunRow(run);
  return [id, JSON.stringify(prompt), status, priority, createdAt, updatedAt, progress, result, error];
}
