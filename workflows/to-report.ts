import { ApplicationFailure, isCancellation, TemporalFailure } from '@temporalio/workflow';
import { isFailureType, type FailureReport } from '../domain/failure.ts';

/** The failure that a reader should see: the innermost one with a type of ours. */
export function toReport(error: unknown): FailureReport {
  if (isCancellation(error)) return { type: 'Cancelled', message: 'The run was cancelled.', details: {} };
  let innermost = error;
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    innermost = inner;
    if (!(inner instanceof ApplicationFailure) || !isFailureType(inner.type)) continue;
    const details = inner.details?.[0] as FailureReport['details'] | undefined;
    return { type: inner.type, message: inner.message, details: details ?? {} };
  }
  const message = innermost instanceof Error ? innermost.message : String(innermost);
  return { type: 'InvariantBroken', message, details: {} };
}

/** What a workflow may end with: anything else would only fail its task, again and again, and it would never end. */
export function toTemporalFailure(error: unknown): TemporalFailure {
  if (error instanceof TemporalFailure) return error;
  const { message, type } = toReport(error);
  return ApplicationFailure.nonRetryable(message, type);
}
