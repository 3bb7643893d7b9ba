import type { FailureReport } from '../domain/failure.ts';
import type { ContentHash, RunId } from '../domain/ids.ts';
import type { SynthesisResult } from '../domain/result.ts';
import type { RunProgress, RunStatus } from '../domain/run.ts';
import type { StoreDependencies } from './dependencies.ts';
import { updateRun } from './update-run.ts';

export interface RecordResultInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly recallKey: ContentHash | null;
  readonly result: SynthesisResult;
  readonly progress: RunProgress;
}

/** Ends the run with its result; a verified one is remembered for the same request. */
export async function recordResult(deps: StoreDependencies, input: RecordResultInput): Promise<void> {
  const { runId, recallKey, result, progress } = input;
  const isNew = result.state === 'verified' && !result.recalledFrom;
  if (isNew && recallKey) await deps.memory.recall.remember(recallKey, { runId, result });
  await updateRun(deps, input, { status: 'completed', progress, result });
  await finish(deps, runId, 'completed', result.state);
}

export interface RecordFailureInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly failure: FailureReport;
}

/** Ends the run with the reason why there is no result. */
export async function recordFailure(deps: StoreDependencies, input: RecordFailureInput): Promise<void> {
  const { runId, failure } = input;
  const status = failure.type === 'Cancelled' ? 'cancelled' : 'failed';
  await updateRun(deps, input, { status, error: failure });
  await finish(deps, runId, status, failure.message);
}

async function finish(deps: StoreDependencies, runId: RunId, status: RunStatus, summary: string): Promise<void> {
  deps.events.write({
    runId,
    partId: null,
    stepKey: null,
    attempt: 1,
    body: { type: 'run.finished', status, summary },
  });
  await deps.events.flush();
}
