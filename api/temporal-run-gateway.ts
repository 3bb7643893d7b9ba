import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { SearchAttributePair } from '@temporalio/common';
import type { ContentHash, RunId } from '../domain/ids.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { SynthesisResult } from '../domain/result.ts';
import {
  BODY_HASH_MEMO,
  CONTROL_QUEUE,
  REQUEST_HASH_MEMO,
  SEARCH_ATTRIBUTES,
  SYNTHESIZE_CODE,
} from '../workflows/contract.ts';
import type { RunTimeouts, SynthesisInput } from '../workflows/contract.ts';
import type { ExecutedRun, RunGateway, RunOutcome, RunSubmission, SubmitOutcome } from './run-gateway.ts';
import { toFailureReport, toTemporalFailure } from './temporal-failures.ts';

export interface TemporalGatewayDeps {
  readonly client: Client;
  readonly timeouts: RunTimeouts;
  /** Another queue than `control`, so that tests stay apart. */
  readonly taskQueue?: string;
  readonly deadlineMs?: number;
}

// A caller of the API rather retries than waits longer for an answer whether the request was accepted.
const DEADLINE_MS = 5_000;
// Temporal shows 200 bytes of a summary; a character may take four.
const SUMMARY_CHARACTERS = 50;

/** Executes runs as workflows of a Temporal server. */
export function createTemporalRunGateway(deps: TemporalGatewayDeps): RunGateway {
  const { client } = deps;

  async function call<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    try {
      return await client.connection.withDeadline(Date.now() + (deps.deadlineMs ?? DEADLINE_MS), run);
    } catch (error) {
      throw toTemporalFailure(error);
    }
  }

  return {
    submit: (submission) => call(() => startWorkflow(deps, submission)),
    cancel: (runId) => call(() => cancelWorkflow(client.workflow.getHandle(runId))),
    describe: (runId) => call(() => describeWorkflow(client.workflow.getHandle(runId))),
    listStartedSince: (since) => call(() => listWorkflows(client, `StartTime >= '${since.toISOString()}'`)),
    listOpen: () => call(() => listWorkflows(client, "ExecutionStatus = 'Running'")),
  };
}

/**
 * A workflow that exists, open or closed, is an error here and not the answer: only so it is known who started it.
 * The SDK repeats a lost call with the same request ID, which the server takes for the same start.
 */
async function startWorkflow(deps: TemporalGatewayDeps, submission: RunSubmission): Promise<SubmitOutcome> {
  const { runId, bodyHash, requestHash, request } = submission;
  try {
    await deps.client.workflow.start(SYNTHESIZE_CODE, {
      workflowId: runId,
      taskQueue: deps.taskQueue ?? CONTROL_QUEUE,
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [toInput(submission, deps.timeouts)],
      memo: { [BODY_HASH_MEMO]: bodyHash, [REQUEST_HASH_MEMO]: requestHash },
      staticSummary: excerpt(request.prompt),
      typedSearchAttributes: toSearchAttributes(request),
      priority: { priorityKey: request.priority },
    });
    return 'accepted';
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { memo } = await deps.client.workflow.getHandle(runId).describe();
    return memo?.[BODY_HASH_MEMO] === bodyHash ? 'existing' : 'conflict';
  }
}

function toInput({ runId, requestHash, request }: RunSubmission, timeouts: RunTimeouts): SynthesisInput {
  const { decompose, priority, fresh, limits } = request;
  return { runId, requestHash, promptExcerpt: excerpt(request.prompt), decompose, priority, fresh, limits, timeouts };
}

function excerpt(prompt: string): string {
  const line = prompt.trim().replaceAll(/\s+/g, ' ');
  return line.length > SUMMARY_CHARACTERS ? `${line.slice(0, SUMMARY_CHARACTERS - 1)}…` : line;
}

/** Never the prompt: search attributes are stored in the clear. */
function toSearchAttributes({ language, models }: SynthesisRequest): SearchAttributePair[] {
  const state = defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, 'KEYWORD');
  const languageKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.language, 'KEYWORD');
  const modelsKey = defineSearchAttributeKey(SEARCH_ATTRIBUTES.models, 'KEYWORD_LIST');
  return [
    { key: state, value: 'queued' },
    ...(language === undefined ? [] : [{ key: languageKey, value: language }]),
    ...(models.length === 0 ? [] : [{ key: modelsKey, value: [...models] }]),
  ];
}

async function cancelWorkflow(handle: WorkflowHandle): Promise<boolean> {
  try {
    await handle.cancel();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function describeWorkflow(handle: WorkflowHandle): ReturnType<RunGateway['describe']> {
  try {
    const info = await handle.describe();
    return { run: toExecutedRun(info), outcome: info.status.name === 'RUNNING' ? null : await readOutcome(handle) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function readOutcome(handle: WorkflowHandle): Promise<RunOutcome> {
  try {
    return { status: 'completed', result: (await handle.result()) as SynthesisResult };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const report = toFailureReport(error);
    return { status: report.type === 'Cancelled' ? 'cancelled' : 'failed', error: report };
  }
}

async function listWorkflows(client: Client, condition: string): Promise<readonly ExecutedRun[]> {
  const query = `WorkflowType = '${SYNTHESIZE_CODE}' AND ${condition}`;
  const runs: ExecutedRun[] = [];
  for await (const info of client.workflow.list({ query })) runs.push(toExecutedRun(info));
  return runs;
}

interface KnownWorkflow {
  readonly workflowId: string;
  readonly startTime: Date;
  readonly memo?: Record<string, unknown> | undefined;
}

function toExecutedRun(info: KnownWorkflow): ExecutedRun {
  return {
    runId: info.workflowId as RunId,
    bodyHash: readMemo(info, BODY_HASH_MEMO),
    requestHash: readMemo(info, REQUEST_HASH_MEMO) as ContentHash,
    startedAt: info.startTime.toISOString(),
  };
}

/** Empty for a workflow that somebody started by hand. */
function readMemo(info: KnownWorkflow, key: string): string {
  const value = info.memo?.[key];
  return typeof value === 'string' ? value : '';
}
