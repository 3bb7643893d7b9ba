import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { defaultPayloadConverter, defineSearchAttributeKey } from '@temporalio/common';
import type { NodeId } from '../domain/ids.ts';
import { hasPullEnded, waitingPull, type ModelPull, type NodePull, type PullReport } from '../domain/model-pull.ts';
import {
  CONTROL_QUEUE,
  PULL_MODEL,
  PULL_NODES_SIGNAL,
  PULL_REPORT_MEMO,
  PULL_REPORT_QUERY,
  pullWorkflowId,
  SEARCH_ATTRIBUTES,
  type PullInput,
} from '../workflows/contract.ts';
import type { PullGateway } from './pull-gateway.ts';
import { toTemporalFailure } from './temporal-failures.ts';

export interface PullGatewayDeps {
  readonly client: Client;
  /** How soon a worker that died is noticed. */
  readonly heartbeatMs: number;
  /** Another queue than `control`, so that tests stay apart. */
  readonly taskQueue?: string;
}

/** As for runs: a caller rather asks again than waits longer. */
const DEADLINE_MS = 5_000;
/** A worker answers within milliseconds; without one, what is known beside it has to do. */
const QUERY_DEADLINE_MS = 2_000;
/** More than a fleet has models; each running one costs two calls. */
const MOST_LISTED = 100;

/** Pulls models by workflows of a Temporal server. */
export function createTemporalPullGateway(deps: PullGatewayDeps): PullGateway {
  const { client } = deps;

  async function call<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    try {
      return await client.connection.withDeadline(Date.now() + DEADLINE_MS, run);
    } catch (error) {
      throw toTemporalFailure(error);
    }
  }

  return {
    start: (model, nodes) => call(() => startOrJoin(deps, model, nodes)),
    find: (model) => call(() => orUndefined(() => findPull(client, pullWorkflowId(model)))),
    list: () => call(() => listPulls(client)),
    cancel: (model) =>
      call(async () => {
        const handle = client.workflow.getHandle(pullWorkflowId(model));
        return (await orUndefined(() => handle.cancel())) !== undefined;
      }),
  };
}

async function startOrJoin(deps: PullGatewayDeps, model: string, nodes: readonly NodeId[]) {
  try {
    await startWorkflow(deps, model, nodes);
    return 'started';
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  const handle = deps.client.workflow.getHandle(pullWorkflowId(model));
  const joined = await orUndefined(async () => {
    await handle.signal<[readonly NodeId[]]>(PULL_NODES_SIGNAL, nodes);
    return 'joined' as const;
  });
  if (joined) return joined;
  // It has ended just now, so this one is the next.
  await startWorkflow(deps, model, nodes);
  return 'started';
}

async function startWorkflow(
  { client, taskQueue, heartbeatMs }: PullGatewayDeps,
  model: string,
  nodes: readonly NodeId[],
): Promise<void> {
  const input: PullInput = { model, nodes, heartbeatMs };
  const report: PullReport = { model, nodes: nodes.map(waitingPull) };
  await client.workflow.start(PULL_MODEL, {
    workflowId: pullWorkflowId(model),
    taskQueue: taskQueue ?? CONTROL_QUEUE,
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    args: [input],
    memo: { [PULL_REPORT_MEMO]: report },
    staticSummary: `pull ${model}`.slice(0, 200),
    typedSearchAttributes: [
      { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, 'KEYWORD'), value: 'queued' },
      { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.models, 'KEYWORD_LIST'), value: [model] },
      { key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.nodes, 'KEYWORD_LIST'), value: [...nodes] },
    ],
  });
}

/** Undefined for a workflow that Temporal does not know, or that has ended where an open one is needed. */
async function orUndefined<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function listPulls(client: Client): Promise<readonly ModelPull[]> {
  const newest = new Map<string, WorkflowExecutionInfo>();
  for await (const info of client.workflow.list({ query: `WorkflowType = '${PULL_MODEL}'` })) {
    if (!newest.has(info.workflowId)) newest.set(info.workflowId, info);
    if (newest.size === MOST_LISTED) break;
  }
  return Promise.all([...newest.values()].map((info) => toPull(client, info)));
}

function toPull(client: Client, info: WorkflowExecutionInfo): Promise<ModelPull> {
  return statusOf(info) === 'running' ? findPull(client, info.workflowId) : Promise.resolve(describe(info));
}

async function findPull(client: Client, workflowId: string): Promise<ModelPull> {
  const info = await client.workflow.getHandle(workflowId).describe();
  if (statusOf(info) !== 'running') return describe(info);
  const report = await queryReport(client, info).catch(() => undefined);
  return describe(info, withHeartbeats(report ?? memoReport(info), info));
}

/** What lists and descriptions of workflows have in common. */
type KnownWorkflow = Omit<WorkflowExecutionInfo, 'raw'>;

function queryReport(client: Client, { workflowId, runId }: KnownWorkflow): Promise<PullReport> {
  const handle = client.workflow.getHandle(workflowId, runId);
  return client.connection.withDeadline(Date.now() + QUERY_DEADLINE_MS, () =>
    handle.query<PullReport>(PULL_REPORT_QUERY),
  );
}

function describe(info: KnownWorkflow, report = memoReport(info)): ModelPull {
  const { startTime, closeTime } = info;
  return {
    ...report,
    status: statusOf(info),
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
  };
}

/** What the workflow wrote at its end, or its starter at its beginning. */
function memoReport({ memo, workflowId }: KnownWorkflow): PullReport {
  const report = memo?.[PULL_REPORT_MEMO] as PullReport | undefined;
  // A workflow that somebody started by hand has none.
  return report ?? { model: workflowId.slice(workflowId.indexOf('/') + 1), nodes: [] };
}

function statusOf({ status }: KnownWorkflow): ModelPull['status'] {
  if (status.name === 'COMPLETED') return 'completed';
  if (status.name === 'CANCELLED' || status.name === 'TERMINATED') return 'cancelled';
  return status.name === 'FAILED' || status.name === 'TIMED_OUT' ? 'failed' : 'running';
}

/** The workflow hears of each tenth; the heartbeats of its activities are half a second old at most. */
function withHeartbeats(report: PullReport, { raw }: WorkflowExecutionDescription): PullReport {
  const beats = (raw.pendingActivities ?? []).flatMap(({ heartbeatDetails }) => {
    const [payload] = heartbeatDetails?.payloads ?? [];
    return payload ? [defaultPayloadConverter.fromPayload<{ readonly pull: NodePull }>(payload).pull] : [];
  });
  const nodes = report.nodes.map((node) => {
    const beat = beats.find(({ nodeId }) => nodeId === node.nodeId);
    return beat && !hasPullEnded(node) ? beat : node;
  });
  return { ...report, nodes };
}
