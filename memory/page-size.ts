import { SynthesisFailure } from '../domain/failure.ts';

/** A page is answered in one piece; more than this is no page. */
const MAX_PAGE_SIZE = 1000;

/** Errors: RequestRejected for a number that is no size of a page. */
export function requirePageSize(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_SIZE) return;
  const rule = `a whole number from 1 to ${MAX_PAGE_SIZE}`;
  throw new SynthesisFailure('RequestRejected', `The limit must be ${rule}.`, { field: 'limit', rule, value: limit });
}
