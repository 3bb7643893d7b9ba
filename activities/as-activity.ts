import { ApplicationFailure } from '@temporalio/activity';
import { FAILURES, SynthesisFailure } from '../domain/failure.ts';

/**
 * Makes an activity of a step: a SynthesisFailure crosses Temporal as an ApplicationFailure of the same type, retried or
 * not as the failure table says. Errors that are not modelled are bugs; Temporal retries them and shows the trace.
 */
export function asActivity<Arguments extends readonly unknown[], Result>(
  step: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => {
    try {
      return await step(...args);
    } catch (error) {
      if (error instanceof SynthesisFailure) throw toApplicationFailure(error);
      throw error;
    }
  };
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
