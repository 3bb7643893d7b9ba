import type { NodeId, RunId } from '../../domain/ids.ts';
import type { Lease, LeaseRequest } from '../../domain/lease.ts';
import type { CallReport, Scheduler } from '../../fleet/scheduler-port.ts';
import type { SchedulerOptions } from '../../fleet/scheduling/scheduler-options.ts';
import { createScheduler } from '../../fleet/scheduling/scheduler.ts';
import { createManualClock, settle, type ManualClock } from './fleet-manual-clock.ts';
import { aResidentModel } from '../support/node-snapshots.ts';

export const LEASE_TTL_MS = 10_000;

export function nodeId(name: string): NodeId {
  return name as NodeId;
}

export function createTestScheduler(options: Partial<SchedulerOptions> = {}): {
  scheduler: Scheduler;
  clock: ManualClock;
} {
  const clock = createManualClock();
  return {
    clock,
    scheduler: createScheduler({ clock, random: () => 0.5, leaseTtlMs: LEASE_TTL_MS, ...options }),
  };
}

/** Adds a node that is up. Its speeds are learned from one call, when they are given. */
export async function addUpNode(
  scheduler: Scheduler,
  name: string,
  node: {
    slots?: number;
    models?: readonly string[];
    resident?: readonly string[];
    tokensPerSecond?: number;
    loadSeconds?: number;
  } = {},
): Promise<NodeId> {
  const id = nodeId(name);
  const { slots = 1, models = ['coder'], resident = models } = node;
  scheduler.addNode({ id, url: `http://${name}:11434`, slots });
  if (node.tokensPerSecond !== undefined) {
    await teach(scheduler, id, node.tokensPerSecond, node.loadSeconds ?? 10, models);
  }
  scheduler.observe(id, {
    alive: true,
    problem: null,
    models,
    residentModels: resident.map((name) => aResidentModel(name)),
  });
  return id;
}

/** Lets one call per model run there that measured these speeds. */
async function teach(
  scheduler: Scheduler,
  id: NodeId,
  tokensPerSecond: number,
  loadSeconds: number,
  models: readonly string[],
): Promise<void> {
  for (const model of models) {
    scheduler.observe(id, { alive: true, problem: null, models: [`teach-${id}-${model}`, model], residentModels: [] });
    const lease = await scheduler.acquire(request({ model }), new AbortController().signal);
    if (lease.nodeId !== id) throw new Error('teach needs the other nodes to be without the model or busy');
    scheduler.release(lease.leaseId, finished({ tokensPerSecond, loadSeconds }));
  }
}

export function request(values: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    runId: 'run-1' as RunId,
    namespace: 'default',
    model: 'coder',
    promptTokens: 0,
    completionTokens: 100,
    contextTokens: 8192,
    priority: 3,
    avoid: [],
    ...values,
  };
}

export function finished(speed: { tokensPerSecond?: number; loadSeconds?: number } = {}): CallReport {
  const { tokensPerSecond = 100, loadSeconds = 0 } = speed;
  return {
    ended: 'finished',
    promptTokens: 1000,
    completionTokens: 100,
    loadMs: loadSeconds * 1000,
    promptMs: 1_000_000 / (tokensPerSecond * 10),
    decodeMs: 100_000 / tokensPerSecond,
  };
}

/** A call with what has become of it. */
export interface TrackedCall {
  readonly controller: AbortController;
  lease: Lease | null;
  error: unknown;
  endings: number;
}

export function track(scheduler: Scheduler, values: Partial<LeaseRequest> = {}): TrackedCall {
  const call: TrackedCall = { controller: new AbortController(), lease: null, error: null, endings: 0 };
  scheduler.acquire(request(values), call.controller.signal).then(
    (lease) => {
      call.lease = lease;
      call.endings += 1;
    },
    (error: unknown) => {
      call.error = error;
      call.endings += 1;
    },
  );
  return call;
}

/** The lease of a call that has one. */
export function leaseOf(call: TrackedCall | undefined): Lease {
  if (!call?.lease) throw new Error('the call has no lease');
  return call.lease;
}

export { settle };
