import { SynthesisFailure, type FailureReport } from '../domain/failure.ts';
import type { ContentHash, RunId } from '../domain/ids.ts';
import type { SynthesisResult } from '../domain/result.ts';
import type { RunProgress, RunStatus } from '../domain/run.ts';
import type { StoreDependencies } from './dependencies.ts';
import { recallKeyOf } from './recall-result.ts';
import { updateRun } from './update-run.ts';

export interface RecordResultInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly result: SynthesisResult;
  readonly progress: RunProgress;
}

/** Ends the run with its result; a verified one is remembered for the same request. */
export async function recordResult(deps: StoreDependencies, input: RecordResultInput): Promise<void> {
  const { runId, result, progress } = input;
  if (result.state === 'verified' && !result.recalledFrom) await remember(deps, input);
  await updateRun(deps, input, { status: 'completed', progress, result });
  await finish(deps, runId, 'completed', result.state);
}

/** Without a host that shows a model the key is not known; then the result is good, and only not remembered. */
async function remember(deps: StoreDependencies, { runId, requestHash, result }: RecordResultInput): Promise<void> {
  const key = await recallKeyOf(deps, requestHash).catch((error: unknown) => {
    if (error instanceof SynthesisFailure && error.type === 'NoModelKnown') return null;
    throw error;
  });
  if (key) await deps.memory.recall.remember(key, { runId, result });
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
