import { activityInfo, ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { FAILURES, SynthesisFailure } from '../domain/failure.ts';

/**
 * Makes an activity of a step: a SynthesisFailure crosses Temporal as an ApplicationFailure of the same type, retried or
 * not as the failure table says. Errors that are not modelled are bugs; they are tried a few times and then end the run.
 */
export function asActivity<Arguments extends readonly unknown[], Result>(
  step: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => {
    try {
      return await step(...args);
    } catch (error) {
      if (error instanceof SynthesisFailure) throw toApplicationFailure(error);
      if (!(error instanceof CancelledFailure) && activityInfo().attempt >= MOST_TRIES_OF_A_BUG)
        throw toApplicationFailure(brokenInvariant(error));
      throw error;
    }
  };
}

/** What no failure type describes is a bug; a few tries show whether it comes and goes, for ever would hide it. */
const MOST_TRIES_OF_A_BUG = 10;

function brokenInvariant(cause: unknown): SynthesisFailure {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new SynthesisFailure('InvariantBroken', message, {}, { cause });
}

function toApplicationFailure(failure: SynthesisFailure): ApplicationFailure {
  return ApplicationFailure.create({
    type: failure.type,
    message: failure.message,
    nonRetryable: FAILURES[failure.type].retry !== 'backoff',
    details: [failure.details],
    cause: failure,
  });
}
