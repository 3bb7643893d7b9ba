import type Database from 'better-sqlite3';
import type { RunId } from '../../domain/ids.ts';
import type { RunStatus } from '../../domain/run.ts';
import type { RunPage, RunStore } from '../ports.ts';
import { requirePageSize } from '../page-size.ts';
import { decodeRunCursor, encodeRunCursor } from '../run-cursor.ts';
import { stringifyOrNull, toRunRecord, toRunRow, type RunRow } from '../run-row.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

const COLUMNS = `id, prompt, status, priority, created_at AS createdAt, updated_at AS updatedAt, progress, result, error`;
const SELECT = `SELECT ${COLUMNS} FROM runs JOIN run_prompts ON run_id = id`;
const OPEN = `status IN ('queued', 'running')`;
const PAGE = `(created_at, id) < (@createdAt, @id) ORDER BY created_at DESC, id DESC LIMIT @limit`;

/** One statement for every change. A flag tells a column that is set to null from one that is left alone. */
const UPDATE = `
  UPDATE runs SET updated_at = @updatedAt, status = coalesce(@status, status),
    progress = iif(@setsProgress, @progress, progress),
    result = iif(@setsResult, @result, result),
    error = iif(@setsError, @error, error)
  WHERE id = @id AND ${OPEN}`;

/** Sorts after every time and ID: where the first page begins. */
const BEFORE_FIRST_PAGE = { createdAt: '\u{10ffff}', id: '\u{10ffff}' };

/** Runs in the tables `runs` and `run_prompts`. */
export function createRunStore(connection: SqliteConnection): RunStore {
  const { database, perform } = connection;
  const update = database.prepare(UPDATE);
  const selectOne = database.prepare<[RunId], RunRow>(`${SELECT} WHERE id = ?`);
  const selectOpen = database.prepare<[], RunRow>(`${SELECT} WHERE ${OPEN} ORDER BY created_at, id`);
  const countOpen = database.prepare<[], number>(`SELECT count(*) FROM runs WHERE ${OPEN}`).pluck();
  const countAll = database.prepare<[], [RunStatus, number]>('SELECT status, count(*) FROM runs GROUP BY status').raw();
  const insert = prepareInsert(database);
  const selectPage = preparePage(database);
  return {
    insert: (run) => perform('runs.insert', () => insert(toRunRow(run))),
    update: (id, change) =>
      perform('runs.update', () => {
        const values = {
          id,
          updatedAt: isoNow(connection),
          status: change.status ?? null,
          setsProgress: Number(change.progress !== undefined),
          progress: stringifyOrNull(change.progress),
          setsResult: Number(change.result !== undefined),
          result: stringifyOrNull(change.result),
          setsError: Number(change.error !== undefined),
          error: stringifyOrNull(change.error),
        };
        return update.run(values).changes === 1;
      }),
    find: (id) =>
      perform('runs.find', () => {
        const row = selectOne.get(id);
        return row && toRunRecord(row);
      }),
    list: (filter) => perform('runs.list', () => selectPage(filter)),
    listOpen: () => perform('runs.listOpen', () => selectOpen.all().map(toRunRecord)),
    countOpen: () => perform('runs.countOpen', () => countOpen.get() ?? 0),
    countByStatus: () => perform('runs.countByStatus', () => Object.fromEntries(countAll.all())),
  };
}

function prepareInsert(database: Database.Database): (row: RunRow) => boolean {
  const insertRun = database.prepare(`
    INSERT INTO runs (id, status, priority, created_at, updated_at, progress, result, error)
    VALUES (@id, @status, @priority, @createdAt, @updatedAt, @progress, @result, @error) ON CONFLICT (id) DO NOTHING`);
  const insertPrompt = database.prepare('INSERT INTO run_prompts (run_id, prompt) VALUES (@id, @prompt)');
  const insert = database.transaction((row: RunRow) => {
    const isNew = insertRun.run(row).changes === 1;
    if (isNew) insertPrompt.run(row);
    return isNew;
  });
  return (row) => insert.immediate(row);
}

function preparePage(database: Database.Database): (filter: Parameters<RunStore['list']>[0]) => RunPage {
  interface PageStart {
    readonly createdAt: string;
    readonly id: string;
    readonly limit: number;
  }
  const selectAny = database.prepare<[PageStart], RunRow>(`${SELECT} WHERE ${PAGE}`);
  const selectByStatus = database.prepare<[PageStart & { readonly status: RunStatus }], RunRow>(
    `${SELECT} WHERE status = @status AND ${PAGE}`,
  );
  return ({ status, limit, cursor }) => {
    requirePageSize(limit);
    const position = cursor === undefined ? BEFORE_FIRST_PAGE : decodeRunCursor(cursor);
    // One row more than asked for tells whether another page follows.
    const start = { ...position, limit: limit + 1 };
    const rows = status === undefined ? selectAny.all(start) : selectByStatus.all({ ...start, status });
    const runs = rows.slice(0, limit).map(toRunRecord);
    const last = runs.at(-1);
    return { runs, nextCursor: rows.length > limit && last ? encodeRunCursor(last) : null };
  };
}
