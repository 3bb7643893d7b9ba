import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { FleetActivities } from '../activities/registry.ts';
import type { FailureType } from '../domain/failure.ts';
import type { NodeId } from '../domain/ids.ts';
import { waitingPull, type NodePull, type PullReport } from '../domain/model-pull.ts';
import { FLEET_QUEUE, NODE_PULL_SIGNAL, PULL_NODES_SIGNAL, PULL_REPORT_QUERY, type PullInput } from './contract.ts';
import { createPullBoard, type PullBoard } from './pull-board.ts';
import { toReport, toTemporalFailure } from './to-report.ts';

/** One execution ends by itself after a day; the rest is for waiting for its turn. */
const LONGEST_EXECUTION = '2 days';

/** One pull: which hosts are to have the model, and what became of each. */
interface Pull {
  readonly input: PullInput;
  readonly board: PullBoard;
  /** Hosts that nothing was done about yet. */
  readonly wanted: NodeId[];
  readonly failures: Map<NodeId, FailureType>;
}

/**
 * Brings one model to hosts, all at once; hosts can be added while it runs. It completes when every host has the model.
 * Errors: ApplicationFailure with the type of the first host's failure; the memo says what became of each host.
 */
export async function pullModel(input: PullInput): Promise<PullReport> {
  const board = createPullBoard(input.model);
  const pull: Pull = { input, board, wanted: [...input.nodes], failures: new Map() };
  setHandler(defineQuery<PullReport>(PULL_REPORT_QUERY), board.report);
  setHandler(defineSignal<[readonly NodeId[]]>(PULL_NODES_SIGNAL), (nodes) => void pull.wanted.push(...nodes));
  setHandler(defineSignal<[NodePull]>(NODE_PULL_SIGNAL), board.hear);
  try {
    await pullOnAll(pull);
  } catch (error) {
    // Cancelled: each host's socket is closed first.
    await CancellationScope.nonCancellable(() => condition(() => !board.hasOpen()));
    board.publish('cancelled');
    throw toTemporalFailure(error);
  }
  return conclude(pull);
}

async function pullOnAll(pull: Pull): Promise<void> {
  const { wanted, board } = pull;
  while (wanted.length > 0 || board.hasOpen()) {
    // A host that is at it is not asked again; one that failed is.
    for (const nodeId of wanted.splice(0)) if (!board.isOpen(nodeId)) void pullOn(nodeId, pull);
    board.publish('running');
    await condition(() => wanted.length > 0 || !board.hasOpen());
  }
}

/** Ends with what became of it on the board, and never with an error. */
async function pullOn(nodeId: NodeId, { input, board, failures }: Pull): Promise<void> {
  const { model, heartbeatMs } = input;
  board.change(nodeId, waitingPull(nodeId));
  failures.delete(nodeId);
  try {
    const activities = pullActivities(heartbeatMs, `pull ${model} on ${nodeId}`);
    await activities.pullOnNode({ model, nodeId, newsSignal: NODE_PULL_SIGNAL });
    board.change(nodeId, { state: 'done', status: 'success', problem: null });
  } catch (error) {
    if (isCancellation(error)) return board.change(nodeId, { state: 'cancelled', problem: null });
    const { type, message } = toReport(error);
    failures.set(nodeId, type);
    board.change(nodeId, { state: 'failed', problem: message });
  }
}

function conclude({ input, board, failures }: Pull): PullReport {
  board.publish(failures.size > 0 ? 'failed' : 'completed');
  const [first] = failures.values();
  if (first === undefined) return board.report();
  const problems = board.report().nodes.flatMap(({ nodeId, problem }) => (problem ? [`${nodeId}: ${problem}`] : []));
  throw ApplicationFailure.nonRetryable(`${input.model} is not on every host. ${problems.join(' ')}`, first);
}

function pullActivities(heartbeatMs: number, summary: string): Pick<FleetActivities, 'pullOnNode'> {
  return proxyActivities<Pick<FleetActivities, 'pullOnNode'>>({
    taskQueue: FLEET_QUEUE,
    startToCloseTimeout: LONGEST_EXECUTION,
    heartbeatTimeout: heartbeatMs,
    // A host that comes back is asked within the longest rest.
    retry: { initialInterval: '1s', maximumInterval: '15s' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}
