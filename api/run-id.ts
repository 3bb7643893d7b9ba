import { randomBytes } from 'node:crypto';
import type { RunId } from '../domain/ids.ts';
import { hashText } from '../memory/content-hash.ts';

/**
 * The public ID of a new run: what the caller chose, else from the idempotency key, else time-sortable and random.
 * The key itself stays private: an ID shows up in lists and file names.
 */
export function chooseRunId(workflowId: string | undefined, idempotencyKey: string | undefined): RunId {
  if (workflowId !== undefined) return workflowId as RunId;
  if (idempotencyKey !== undefined) return `idem-${hashText(idempotencyKey).slice(0, 32)}` as RunId;
  // Nine digits of base 36 hold milliseconds until the year 5188.
  const time = Date.now().toString(36).padStart(9, '0');
  return `run-${time}-${randomBytes(4).toString('hex')}` as RunId;
}
