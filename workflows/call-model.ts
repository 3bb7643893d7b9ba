import { ActivityFailure, ApplicationFailure, sleep, TimeoutFailure } from '@temporalio/workflow';
import type { ContentHash, NodeId } from '../domain/ids.ts';
import type { Lease } from '../domain/lease.ts';
import type { NodeGrant } from '../activities/registry.ts';
import type { ModelAnswer, ModelStep } from '../domain/model-step.ts';
import { fleetActivities, node, pinnedOptions } from './activity-options.ts';
import { control } from './quick-steps.ts';
import type { RunTimeouts } from './contract.ts';
import { toReport } from './to-report.ts';

/** The SDK's failure type for a call that was still running when its worker stopped in order. */
const WORKER_STOPPED = 'WorkerShutdown';

/** What earlier tries of one call leave behind for the next. */
interface Hops {
  /** How many there were, whoever was at fault. */
  readonly tries: number;
  /** Nodes that failed this call, and those that could not hold its model. */
  readonly failed: readonly NodeId[];
  readonly avoid: readonly NodeId[];
  /** Text that a failed node had already produced. */
  readonly partialHash: ContentHash | null;
  /** How many of the last tries found their lease gone before they began, or the store away. */
  readonly vainTries: number;
  /** Of the last try; it may still hold its slot. */
  readonly lastLeaseId?: string;
}

/** What a failed try means for the next. */
interface NextTry extends Omit<Hops, 'tries'> {
  /** False for a try that was one more wait: nothing was written, and nothing of ours cut it off. */
  readonly wasServed: boolean;
}

/**
 * Makes one model call on whichever node serves it first, and moves to another node when one fails. A model that fits into the
 * memory of no node is asked with a smaller context, or a smaller one is asked in its place.
 * Errors: ApplicationFailure NoCapableNode when no node served it within `maxWaitForNodeMs` of waiting or failing; OutOfMemory
 * when no form of it that the settings allow fits anywhere.
 */
export async function callModel(planned: ModelStep, timeouts: RunTimeouts): Promise<ModelAnswer> {
  let step = planned;
  let giveUpAt = Date.now() + timeouts.maxWaitForNodeMs;
  let hops: Hops = { tries: 0, failed: [], avoid: [], partialHash: null, vainTries: 0 };
  for (;;) {
    const grant = await waitForNode(step, hops, timeouts);
    if (grant.kind === 'reduced') {
      // Another model does not go on with what this one has begun.
      if (grant.step.sample.model !== step.sample.model) hops = { ...hops, partialHash: null };
      step = grant.step;
      continue;
    }
    if (grant.kind === 'answered') return grant.answer;
    try {
      return await callOn(grant.lease, step, hops, timeouts);
    } catch (error) {
      const { wasServed, ...next } = nextTry(error, grant.lease, hops);
      // A long answer may take more than the wait: one that was being written, or that our worker cut off, was no waiting.
      if (wasServed) giveUpAt = Date.now() + timeouts.maxWaitForNodeMs;
      hops = { ...next, tries: hops.tries + 1, lastLeaseId: grant.lease.leaseId };
      if (Date.now() >= giveUpAt) throw noCapableNode(step, hops);
      await restAfterVainTries(hops);
    }
  }
}

type Turn = NodeGrant | { readonly kind: 'reduced'; readonly step: ModelStep };

async function waitForNode(step: ModelStep, hops: Hops, timeouts: RunTimeouts): Promise<Turn> {
  const { avoid, lastLeaseId } = hops;
  const asked = { step, avoid, ...(lastLeaseId === undefined ? {} : { lastLeaseId }) };
  const atOnce = await control.grantNode(asked);
  if (atOnce) return atOnce;
  try {
    return await fleetActivities(timeouts).acquireNode.executeWithOptions(
      { summary: `wait for a node: ${step.sample.model}, ${step.title}` },
      [asked],
    );
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) throw noCapableNode(step, hops);
    const reduced = toReport(error).type === 'OutOfMemory' ? await control.reduceStep(step) : null;
    if (reduced === null) throw error;
    return { kind: 'reduced', step: reduced };
  }
}

function callOn(lease: Lease, step: ModelStep, hops: Hops, timeouts: RunTimeouts): Promise<ModelAnswer> {
  const hop = hops.failed.length > 0 ? ` (hop ${hops.failed.length})` : '';
  const summary = `${step.title}: ${step.sample.model} on ${lease.nodeId}${hop}`;
  return node.generateText.executeWithOptions(pinnedOptions(lease, timeouts, summary), [
    { step, lease, tries: hops.tries, hops: hops.failed.length, partialHash: hops.partialHash },
  ]);
}

/** Decides what a failed try means for the next; rethrows what no other node would change. */
function nextTry(error: unknown, lease: Lease, { tries: _tries, ...hops }: Hops): NextTry {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  // Our worker's fault until probed: ask again, no blame, no hop.
  const sameAgain = { ...hops, vainTries: 0, wasServed: true };
  if (cause instanceof TimeoutFailure && cause.timeoutType !== 'START_TO_CLOSE') return sameAgain;
  if (!(cause instanceof ApplicationFailure)) throw error;
  const details = cause.details?.[0] as { readonly partialHash?: ContentHash } | undefined;
  const partialHash = details?.partialHash ?? hops.partialHash;
  const moved = { ...hops, vainTries: 0, partialHash, wasServed: partialHash !== hops.partialHash };
  const failed = [...hops.failed, lease.nodeId];
  switch (cause.type) {
    case WORKER_STOPPED:
      return sameAgain;
    case 'LeaseLost':
      return { ...hops, vainTries: hops.vainTries + 1, wasServed: false };
    // No fault of the host. What it said, if it was asked, could not be kept.
    case 'StoreUnavailable':
      return { ...hops, vainTries: hops.vainTries + 1, wasServed: true };
    case 'NodeBusy':
      return moved;
    // The scheduler knows what does not fit there; a smaller form of the call may well go there again.
    case 'OutOfMemory':
      return { ...moved, failed };
    case 'NodeUnavailable':
    case 'ModelMissing':
      return { ...moved, failed, avoid: [...hops.avoid, lease.nodeId] };
    default:
      throw error;
  }
}

const FIRST_REST_MS = 200;
/** While two processes take each other for no owner of the fleet, their dispute lasts seconds: no need to ask more often. */
const LONGEST_REST_MS = 5_000;

/** One lost lease is the trace of an owner that was replaced: ask again at once. More in a row are no reason to hurry. */
async function restAfterVainTries({ vainTries }: Hops): Promise<void> {
  if (vainTries < 2) return;
  await sleep(Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (vainTries - 2)));
}

function noCapableNode(step: ModelStep, hops: Hops): ApplicationFailure {
  const tried = hops.failed.length > 0 ? ` Tried: ${[...new Set(hops.failed)].join(', ')}.` : '';
  return ApplicationFailure.nonRetryable(
    `No Ollama host served ${step.sample.model} in time.${tried} See which hosts are up with: hydra nodes`,
    'NoCapableNode',
    { model: step.sample.model, tried: hops.failed },
  );
}
