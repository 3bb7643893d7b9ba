import { SynthesisFailure } from '../domain/failure.ts';
import type { Lease, LeaseRequest } from '../domain/lease.ts';
import { fullModelName } from '../domain/model-name.ts';

/** A call that waits for a slot, with the way to tell its caller. */
export interface WaitingCall {
  readonly request: LeaseRequest;
  /** Full name of the model. */
  readonly model: string;
  readonly arrivedMs: number;
  readonly grant: (lease: Lease) => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * A waiting call counts as one priority more urgent for every two minutes it has waited, so that a stream of urgent calls
 * delays the least urgent one by minutes (about the length of a long call on a slow host), never for ever.
 */
const PROMOTION_MS = 120_000;

/** Priority with the waiting time counted in: 1 is served first. */
export function urgencyOf(call: WaitingCall, nowMs: number): number {
  const promotions = Math.floor((nowMs - call.arrivedMs) / PROMOTION_MS);
  return Math.max(1, call.request.priority - promotions);
}

/**
 * Makes the waiting call of a request and the promise that ends with it.
 * Errors: RequestRejected for token counts that are no numbers from zero up, which no cost could be computed from.
 */
export function createWaitingCall(request: LeaseRequest, arrivedMs: number): [WaitingCall, Promise<Lease>] {
  rejectBadCount('promptTokens', request.promptTokens);
  rejectBadCount('completionTokens', request.completionTokens);
  let grant: WaitingCall['grant'] = () => undefined;
  let refuse: WaitingCall['refuse'] = () => undefined;
  const granted = new Promise<Lease>((resolve, reject) => {
    grant = resolve;
    refuse = reject;
  });
  return [{ request, model: fullModelName(request.model), arrivedMs, grant, refuse }, granted];
}

function rejectBadCount(field: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new SynthesisFailure('RequestRejected', `${field} must be a number from 0 up; got ${value}`, { field, value });
}
