import { ActivityFailure, ApplicationFailure, sleep, TimeoutFailure } from '@temporalio/workflow';
import type { ContentHash, NodeId } from '../domain/ids.ts';
import type { Lease } from '../domain/lease.ts';
import type { ModelAnswer, ModelStep } from '../domain/model-step.ts';
import { fleetActivities, node, pinnedOptions } from './activity-options.ts';
import { control } from './quick-steps.ts';
import type { RunTimeouts } from './contract.ts';

/** The SDK's failure type for a call that was still running when its worker stopped in order. */
const WORKER_STOPPED = 'WorkerShutdown';

/** What earlier tries of one call leave behind for the next. */
interface Hops {
  /** How many there were, whoever was at fault. */
  readonly tries: number;
  readonly avoid: readonly NodeId[];
  /** Text that a failed node had already produced. */
  readonly partialHash: ContentHash | null;
  /** How many of the last tries found their lease gone before they began. */
  readonly lostLeases: number;
}

/**
 * Makes one model call on whichever node serves it first, and moves to another node when one fails.
 * Errors: ApplicationFailure NoCapableNode when no node served it within `maxWaitForNodeMs` of waiting or failing.
 */
export async function callModel(step: ModelStep, timeouts: RunTimeouts): Promise<ModelAnswer> {
  let giveUpAt = Date.now() + timeouts.maxWaitForNodeMs;
  let hops: Hops = { tries: 0, avoid: [], partialHash: null, lostLeases: 0 };
  for (;;) {
    const grant = await waitForNode(step, hops, timeouts);
    if (grant.kind === 'answered') return grant.answer;
    try {
      return await callOn(grant.lease, step, hops, timeouts);
    } catch (error) {
      const next = nextHops(error, grant.lease, hops);
      // A long answer may take more than the wait: one that was being written, or that our worker cut off, was no waiting.
      const wasServed = next.lostLeases === 0 && (next.avoid === hops.avoid || next.partialHash !== hops.partialHash);
      if (wasServed) giveUpAt = Date.now() + timeouts.maxWaitForNodeMs;
      hops = { ...next, tries: hops.tries + 1 };
      if (Date.now() >= giveUpAt) throw noCapableNode(step, hops);
      await restAfterLostLease(hops);
    }
  }
}

async function waitForNode(step: ModelStep, hops: Hops, timeouts: RunTimeouts) {
  const atOnce = await control.grantNode({ step, avoid: hops.avoid });
  if (atOnce) return atOnce;
  try {
    return await fleetActivities(timeouts).acquireNode.executeWithOptions(
      { summary: `wait for a node: ${step.sample.model}, ${step.title}` },
      [{ step, avoid: hops.avoid }],
    );
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) throw noCapableNode(step, hops);
    throw error;
  }
}

function callOn(lease: Lease, step: ModelStep, hops: Hops, timeouts: RunTimeouts): Promise<ModelAnswer> {
  const hop = hops.avoid.length > 0 ? ` (hop ${hops.avoid.length})` : '';
  const summary = `${step.title}: ${step.sample.model} on ${lease.nodeId}${hop}`;
  return node.generateText.executeWithOptions(pinnedOptions(lease, timeouts, summary), [
    { step, lease, tries: hops.tries, hops: hops.avoid.length, partialHash: hops.partialHash },
  ]);
}

/** Decides what a failed try means for the next; rethrows what no other node would change. */
function nextHops(error: unknown, lease: Lease, hops: Hops): Omit<Hops, 'tries'> {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  // Our worker's fault until probed: ask again, no blame, no hop.
  const sameAgain = { ...hops, lostLeases: 0 };
  if (cause instanceof TimeoutFailure && cause.timeoutType !== 'START_TO_CLOSE') return sameAgain;
  if (cause instanceof ApplicationFailure && cause.type === WORKER_STOPPED) return sameAgain;
  if (cause instanceof ApplicationFailure && cause.type === 'LeaseLost')
    return { ...hops, lostLeases: hops.lostLeases + 1 };
  if (cause instanceof ApplicationFailure && (cause.type === 'NodeUnavailable' || cause.type === 'ModelMissing')) {
    const details = cause.details?.[0] as { readonly partialHash?: ContentHash } | undefined;
    const partialHash = details?.partialHash ?? hops.partialHash;
    return { avoid: [...hops.avoid, lease.nodeId], partialHash, lostLeases: 0 };
  }
  throw error;
}

const FIRST_REST_MS = 200;
/** While two processes take each other for no owner of the fleet, their dispute lasts seconds: no need to ask more often. */
const LONGEST_REST_MS = 5_000;

/** One lost lease is the trace of an owner that was replaced: ask again at once. More in a row are no reason to hurry. */
async function restAfterLostLease({ lostLeases }: Hops): Promise<void> {
  if (lostLeases < 2) return;
  await sleep(Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (lostLeases - 2)));
}

function noCapableNode(step: ModelStep, hops: Hops): ApplicationFailure {
  const tried = hops.avoid.length > 0 ? ` Tried: ${[...new Set(hops.avoid)].join(', ')}.` : '';
  return ApplicationFailure.nonRetryable(
    `No Ollama host served ${step.sample.model} in time.${tried} See which hosts are up with: hydra nodes`,
    'NoCapableNode',
    { model: step.sample.model, tried: hops.avoid },
  );
}
