import { SynthesisFailure } from '../../domain/failure.ts';
import type { Lease, LeaseRequest } from '../../domain/lease.ts';
import { fullModelName } from '../../domain/model-name.ts';

/** A call that waits for a slot, with the way to tell its caller. */
export interface WaitingCall {
  readonly request: LeaseRequest;
  /** Full name of the model. */
  readonly model: string;
  /** Calls of the same kind cost about the same everywhere, and may use the same hosts. */
  readonly kindKey: string;
  readonly arrivedMs: number;
  readonly grant: (lease: Lease) => void;
  readonly refuse: (reason: unknown) => void;
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
  const model = fullModelName(request.model);
  return [{ request, model, kindKey: kindKeyOf(request, model, arrivedMs), arrivedMs, grant, refuse }, granted];
}

/** Predictions are no better than a factor of two. What a call that avoids hosts may use depends on how long it has waited. */
function kindKeyOf(request: LeaseRequest, model: string, arrivedMs: number): string {
  const { promptTokens, completionTokens, contextTokens, avoid } = request;
  const own = avoid.length === 0 ? '' : `${avoid.join(' ')} ${arrivedMs}`;
  return `${model} ${contextTokens} ${doublings(promptTokens)} ${doublings(completionTokens)} ${own}`;
}

function doublings(tokens: number): number {
  return Math.round(Math.log2(tokens + 1));
}

function rejectBadCount(field: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new SynthesisFailure('RequestRejected', `${field} must be a number from 0 up; got ${value}`, { field, value });
}
