import type { FailureReport } from '../domain/failure.ts';
import type { ContentHash, RunId } from '../domain/ids.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { SynthesisResult } from '../domain/result.ts';

/** A request that is to become a run. `requestHash` names the stored request. */
export interface RunSubmission {
  readonly runId: RunId;
  /** Tells a repeated submission from another one with the same ID. */
  readonly bodyHash: string;
  readonly requestHash: ContentHash;
  readonly request: SynthesisRequest;
}

/** `existing`: the same submission was accepted before. `conflict`: another one was, under this ID. */
export type SubmitOutcome = 'accepted' | 'existing' | 'conflict';

/** How a run ended. */
export type RunOutcome =
  | { readonly status: 'completed'; readonly result: SynthesisResult }
  | { readonly status: 'failed' | 'cancelled'; readonly error: FailureReport };

/** What is known of a run where it is executed. Times are ISO 8601 in UTC. */
export interface ExecutedRun {
  readonly runId: RunId;
  readonly bodyHash: string;
  readonly requestHash: ContentHash;
  readonly startedAt: string;
}

/**
 * Where runs are executed, durably.
 * Errors: SynthesisFailure of type TemporalUnavailable when it cannot be reached within seconds.
 */
export interface RunGateway {
  /** Resolves once the run cannot be lost any more. */
  submit(submission: RunSubmission): Promise<SubmitOutcome>;
  /** Asks the run to stop; false when nothing is known of it. Asking a run that has ended changes nothing. */
  cancel(runId: RunId): Promise<boolean>;
  /** The run, and its outcome when it has ended; undefined when nothing is known of it. */
  describe(runId: RunId): Promise<{ readonly run: ExecutedRun; readonly outcome: RunOutcome | null } | undefined>;
  /** Runs that started at `since` or later, ended ones included, as far back as they are kept. */
  listStartedSince(since: Date): Promise<readonly ExecutedRun[]>;
  /** Runs that have not ended. May lag behind by seconds; `describe` does not. */
  listOpen(): Promise<readonly ExecutedRun[]>;
}
