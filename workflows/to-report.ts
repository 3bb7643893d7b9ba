import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { isFailureType, type FailureReport } from '../domain/failure.ts';

/** The failure that a reader should see: the innermost one with a type of ours. */
export function toReport(error: unknown): FailureReport {
  if (isCancellation(error)) return { type: 'Cancelled', message: 'The run was cancelled.', details: {} };
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (!(inner instanceof ApplicationFailure) || !isFailureType(inner.type)) continue;
    const details = inner.details?.[0] as FailureReport['details'] | undefined;
    return { type: inner.type, message: inner.message, details: details ?? {} };
  }
  return { type: 'InvariantBroken', message: error instanceof Error ? error.message : String(error), details: {} };
}
