import { isGrpcServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { isFailureType, SynthesisFailure } from '../domain/failure.ts';
import type { FailureReport } from '../domain/failure.ts';

/** gRPC status codes by number (https://grpc.io/docs/guides/status-codes), as far as a call of ours can meet them. */
const GRPC_CODES: Readonly<Record<number, string>> = {
  1: 'the call was cancelled',
  3: 'it refused the call as invalid',
  4: 'it did not answer in time',
  5: 'it does not know what was asked for',
  7: 'access was denied',
  8: 'it is overloaded',
  12: 'it does not know this call; the server is too old',
  14: 'it cannot be reached',
  16: 'it does not accept the credentials',
};

/** What a failed call to the Temporal server means for the caller of the API. */
export function toTemporalFailure(error: unknown): SynthesisFailure {
  if (error instanceof SynthesisFailure) return error;
  const cause = findGrpcError(error);
  if (error instanceof WorkflowNotFoundError && cause === undefined) {
    return new SynthesisFailure('RunNotFound', 'The Temporal server does not know this run.', {}, { cause: error });
  }
  const reason = cause === undefined ? readMessage(error) : (GRPC_CODES[cause.code] ?? `gRPC code ${cause.code}`);
  return new SynthesisFailure(
    'TemporalUnavailable',
    `The Temporal server did not take the call: ${reason}.`,
    cause === undefined ? {} : { grpcCode: cause.code, grpcMessage: cause.details },
    { cause: error },
  );
}

interface GrpcError {
  readonly code: number;
  readonly details: string;
}

function findGrpcError(error: unknown): GrpcError | undefined {
  for (const cause of listCauses(error)) {
    if (isGrpcServiceError(cause)) return cause;
  }
  return undefined;
}

/** Why a workflow ended without a result. */
export function toFailureReport(error: unknown): FailureReport {
  const causes = listCauses(error instanceof WorkflowFailedError ? error.cause : error);
  for (const cause of causes) {
    if (cause instanceof ApplicationFailure && isFailureType(cause.type)) {
      return { type: cause.type, message: cause.message, details: readDetails(cause) };
    }
    if (cause instanceof CancelledFailure) return report('Cancelled', 'The run was cancelled.');
    if (cause instanceof TerminatedFailure) {
      return report('Cancelled', `The workflow was terminated in Temporal: ${cause.message}.`);
    }
    if (cause instanceof TimeoutFailure) return report('BudgetExhausted', 'The workflow ran into its time limit.');
  }
  return report('InvariantBroken', readMessage(causes.at(-1) ?? error));
}

function report(type: FailureReport['type'], message: string): FailureReport {
  return { type, message, details: {} };
}

function readDetails(failure: ApplicationFailure): FailureReport['details'] {
  const [first] = failure.details ?? [];
  return typeof first === 'object' && first !== null ? { ...first } : {};
}

/** The error and what caused it, outermost first. */
function listCauses(error: unknown): readonly unknown[] {
  return error instanceof Error ? [error, ...listCauses(error.cause)] : [];
}

function readMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
