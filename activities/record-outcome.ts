import { SynthesisFailure, type FailureReport } from '../domain/failure.ts';
import type { ContentHash, RunId } from '../domain/ids.ts';
import type { ProvenWork } from '../domain/proven-work.ts';
import type { SynthesisResult } from '../domain/result.ts';
import type { RunProgress, RunStatus } from '../domain/run.ts';
import type { RememberingDependencies, StoreDependencies } from './dependencies.ts';
import { rememberWork } from './remember/remember-work.ts';
import { loadRequest, loadText } from './stored-json.ts';
import { updateRun } from './update-run.ts';

export interface RecordResultInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly recallKey: ContentHash | null;
  readonly result: SynthesisResult;
  /** Null when there is nothing to offer to later requests. */
  readonly work: ProvenWork | null;
  readonly progress: RunProgress;
}

/** Ends the run with its result; what is verified of it is remembered. */
export async function recordResult(deps: RememberingDependencies, input: RecordResultInput): Promise<void> {
  const { runId, recallKey, progress } = input;
  if (recallKey) await rememberAnswer(deps, recallKey, input);
  const result = await withRememberedWork(deps, input);
  await updateRun(deps, input, { status: 'completed', progress, result });
  await finish(deps, runId, 'completed', result.state);
}

/** Keeps what was verified and was not recalled itself, with the program that its hash stands for. */
async function rememberAnswer(
  { entries, memory }: RememberingDependencies,
  key: ContentHash,
  { runId, requestHash, result }: RecordResultInput,
): Promise<void> {
  if (result.state !== 'verified' || result.recalledFrom || !result.programHash) return;
  const { namespace } = await loadRequest(memory.artifacts, requestHash);
  const texts = { [result.programHash]: await loadText(memory.artifacts, result.programHash) };
  const value = { kind: 'answer', result, texts } as const;
  await entries.put({ namespace, kind: 'answer', key, value, text: '', runId, expiresAt: null });
}

/** A result is worth more than what later requests could learn from it: it says so when that could not be kept. */
async function withRememberedWork(deps: RememberingDependencies, input: RecordResultInput): Promise<SynthesisResult> {
  const { result, work, runId, requestHash } = input;
  const { programHash } = result;
  if (!work || programHash === null) return result;
  try {
    await rememberWork(deps, { runId, requestHash, programHash, work });
    return result;
  } catch (error) {
    // The row of the run is in the same store, so this is tried again as a whole.
    if (error instanceof SynthesisFailure && error.type === 'StoreUnavailable') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { ...result, explanations: [...result.explanations, `It is not offered to later requests: ${reason}`] };
  }
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
