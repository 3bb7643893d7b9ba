import { SynthesisFailure } from '../domain/failure.ts';
import type { RunRecord } from '../domain/run.ts';
import { hashJson } from './content-hash.ts';

/** A place in the list of runs: the last run of a page. */
export type RunPosition = Pick<RunRecord, 'createdAt' | 'id'>;

/** Digits of the check sum in a cursor: enough to notice every slip of a copy; a cursor guards nothing secret. */
const CHECK_DIGITS = 8;

/** The opaque text of a position, safe in a URL. */
export function encodeRunCursor(position: RunPosition): string {
  const fields = [position.createdAt, position.id];
  return Buffer.from(JSON.stringify([...fields, createCheck(fields)])).toString('base64url');
}

/** The position of a cursor. Errors: RequestRejected for a text that `encodeRunCursor` did not make. */
export function decodeRunCursor(cursor: string): RunPosition {
  const [createdAt, id, check] = parseFields(cursor);
  const isGenuine = typeof createdAt === 'string' && typeof id === 'string' && check === createCheck([createdAt, id]);
  if (!isGenuine || encodeRunCursor({ createdAt, id: id as RunRecord['id'] }) !== cursor) {
    throw new SynthesisFailure('RequestRejected', 'The cursor must be one that the list of runs returned.', {
      field: 'cursor',
      rule: 'must be the next_cursor of an earlier page',
      value: cursor.slice(0, 100),
    });
  }
  return { createdAt, id: id as RunRecord['id'] };
}

function parseFields(cursor: string): readonly unknown[] {
  try {
    const fields: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(fields) ? fields : [];
  } catch {
    return [];
  }
}

function createCheck(fields: readonly string[]): string {
  return hashJson(fields).slice(0, CHECK_DIGITS);
}
