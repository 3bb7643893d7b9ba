import { SynthesisFailure } from '../domain/failure.ts';
import { formatCount } from '../domain/format-count.ts';
import type { RunId } from '../domain/ids.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import { queuedRun } from '../domain/run.ts';
import { hashJson } from '../memory/content-hash.ts';
import type { Memory } from '../memory/ports.ts';
import { chooseRunId } from './run-id.ts';
import type { RunGateway, SubmitOutcome } from './run-gateway.ts';

export interface SubmitDeps {
  readonly memory: Pick<Memory, 'artifacts' | 'runs'>;
  readonly runs: RunGateway;
  readonly maxOpenRuns: number;
}

/** What a caller sent. `body` is hashed as it came: defaults may change between two submissions of the same body. */
export interface SentRequest {
  readonly body: { readonly workflow_id?: string | undefined };
  readonly idempotencyKey: string | undefined;
  readonly request: SynthesisRequest;
}

export interface SubmittedRun {
  readonly runId: RunId;
  /** True when the same submission had been accepted before. */
  readonly replayed: boolean;
}

/**
 * Makes a request durable: stores it, has Temporal accept it, then lists it as a run.
 * Errors: TooManyRuns, IdempotencyConflict, TemporalUnavailable, StoreUnavailable.
 */
export async function submitRun(deps: SubmitDeps, sent: SentRequest): Promise<SubmittedRun> {
  const runId = chooseRunId(sent.body.workflow_id, sent.idempotencyKey);
  const bodyHash = hashJson(sent.body);
  const known = await deps.memory.runs.find(runId);
  const outcome = known ? await compare(deps, runId, bodyHash) : await start(deps, runId, bodyHash, sent.request);
  if (outcome === 'conflict') throw describeConflict(runId, sent.body.workflow_id !== undefined);
  if (outcome === 'accepted') await deps.memory.runs.insert(queuedRun(runId, sent.request));
  return { runId, replayed: outcome === 'existing' };
}

/** A run that Temporal has forgotten after its retention time keeps its ID: nothing is left to compare with. */
async function compare(deps: SubmitDeps, runId: RunId, bodyHash: string): Promise<SubmitOutcome> {
  const found = await deps.runs.describe(runId);
  return found === undefined || found.run.bodyHash === bodyHash ? 'existing' : 'conflict';
}

async function start(deps: SubmitDeps, runId: RunId, bodyHash: string, request: SynthesisRequest) {
  const openRuns = await deps.memory.runs.countOpen();
  if (openRuns >= deps.maxOpenRuns) {
    throw new SynthesisFailure(
      'TooManyRuns',
      `${formatCount(openRuns, 'run')} ${openRuns === 1 ? 'is' : 'are'} open; the limit is ${deps.maxOpenRuns}.`,
      {
        openRuns,
        maxOpenRuns: deps.maxOpenRuns,
      },
    );
  }
  const requestHash = await deps.memory.artifacts.putText(JSON.stringify(request));
  return deps.runs.submit({ runId, bodyHash, requestHash, request });
}

function describeConflict(runId: RunId, isChosenId: boolean): SynthesisFailure {
  const what = isChosenId ? 'workflow_id' : 'Idempotency-Key';
  return new SynthesisFailure('IdempotencyConflict', `This ${what} was used before with another body.`, {
    workflow_id: runId,
  });
}
