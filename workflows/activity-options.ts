import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Lease } from '../domain/lease.ts';
import type { ControlActivities, FleetActivities, NodeActivities, VerifyActivities } from '../activities/registry.ts';
import { FLEET_QUEUE, VERIFY_QUEUE } from './contract.ts';
import type { RunTimeouts } from './contract.ts';

/** May take seconds on a large program, and deserves its own place in the history. */
export const merging = proxyActivities<Pick<ControlActivities, 'mergeProgram'>>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
  summary: 'merge the parts',
});

/** Waiting for a node: the fleet owner may die and another take over; only the whole wait is bounded. */
export function fleetActivities(timeouts: RunTimeouts): ReturnType<typeof proxyActivities<FleetActivities>> {
  return proxyActivities<FleetActivities>({
    taskQueue: FLEET_QUEUE,
    scheduleToCloseTimeout: timeouts.maxWaitForNodeMs,
    heartbeatTimeout: timeouts.heartbeatMs,
    retry: { initialInterval: '200ms', maximumInterval: '5s' },
  });
}

/** Options of one call on the leased node. It is tried once: `callModel` decides where the next try goes. */
export function pinnedOptions(lease: Lease, timeouts: RunTimeouts, summary: string): ActivityOptions {
  return {
    taskQueue: lease.taskQueue,
    scheduleToStartTimeout: timeouts.scheduleToStartMs,
    startToCloseTimeout: timeouts.generateMs,
    heartbeatTimeout: timeouts.heartbeatMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { maximumAttempts: 1 },
    summary,
  };
}

/** Calls on a node's own queue; every call gets its options from `pinnedOptions`. */
export const node = proxyActivities<NodeActivities>({ startToCloseTimeout: '1 hour' });

/**
 * Sandboxed verification; a worker that died is noticed by its heartbeat and the check runs again elsewhere. Ten tries are for
 * programs that take their worker with them; see `outlastStore` for a store that is away.
 */
export function verifyActivities(timeouts: RunTimeouts): ReturnType<typeof proxyActivities<VerifyActivities>> {
  return proxyActivities<VerifyActivities>({
    taskQueue: VERIFY_QUEUE,
    startToCloseTimeout: timeouts.verifyMs,
    heartbeatTimeout: timeouts.heartbeatMs,
    retry: {
      initialInterval: '500ms',
      maximumInterval: '10s',
      maximumAttempts: 10,
      nonRetryableErrorTypes: ['StoreUnavailable'],
    },
  });
}
