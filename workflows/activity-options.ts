import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { Lease } from '../domain/lease.ts';
import type { ControlActivities, FleetActivities, NodeActivities, VerifyActivities } from '../activities/registry.ts';
import { FLEET_QUEUE, VERIFY_QUEUE } from './contract.ts';
import type { RunTimeouts } from './contract.ts';

/** Quick steps beside the workflow: they read and write stores. A minute covers a store that is locked or restarting. */
export const control = proxyActivities<Omit<ControlActivities, keyof ChoosingActivities>>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/** Steps that choose a model: they wait, visibly, until some host has shown one. */
export function choosingActivities(timeouts: RunTimeouts): ReturnType<typeof proxyActivities<ChoosingActivities>> {
  return proxyActivities<ChoosingActivities>({
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: timeouts.maxWaitForNodeMs,
    retry: { initialInterval: '200ms', maximumInterval: '5s' },
  });
}
type ChoosingActivities = Pick<ControlActivities, 'planSample' | 'decideNext' | 'recallResult'>;

/** Progress notes: short, repeatable, and worth no place of their own in the history. */
export const notes = proxyLocalActivities<Pick<ControlActivities, 'recordProgress'>>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 3 },
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

/** Sandboxed verification; a worker that died is noticed by its heartbeat and the check runs again elsewhere. */
export function verifyActivities(timeouts: RunTimeouts): ReturnType<typeof proxyActivities<VerifyActivities>> {
  return proxyActivities<VerifyActivities>({
    taskQueue: VERIFY_QUEUE,
    startToCloseTimeout: timeouts.verifyMs,
    heartbeatTimeout: timeouts.heartbeatMs,
    retry: { initialInterval: '500ms', maximumInterval: '10s', maximumAttempts: 10 },
  });
}
