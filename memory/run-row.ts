import type { RunId } from '../domain/ids.ts';
import type { Priority } from '../domain/request.ts';
import type { RunRecord, RunStatus } from '../domain/run.ts';

/** A run as its row holds it: the JSON columns still as text. */
export interface RunRow {
  readonly id: RunId;
  readonly prompt: string;
  readonly status: RunStatus;
  readonly priority: Priority;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly progress: string | null;
  readonly result: string | null;
  readonly error: string | null;
}

/** The record of a row. */
export function toRunRecord(row: RunRow): RunRecord {
  return {
    ...row,
    progress: parseOrNull(row.progress) as RunRecord['progress'],
    result: parseOrNull(row.result) as RunRecord['result'],
    error: parseOrNull(row.error) as RunRecord['error'],
  };
}

/** The row of a record. */
export function toRunRow(run: RunRecord): RunRow {
  return {
    ...run,
    progress: stringifyOrNull(run.progress),
    result: stringifyOrNull(run.result),
    error: stringifyOrNull(run.error),
  };
}

/** JSON text for a column that may be empty. */
export function stringifyOrNull(value: object | null | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function parseOrNull(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}
