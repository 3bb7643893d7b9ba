import { fullModelName } from '../domain/model-name.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { Trial } from './host-breakers.ts';
import type { NodeObservation } from './scheduler-port.ts';

/** A call that holds a slot of a host. */
export interface RunningCall {
  readonly leaseId: string;
  readonly model: string;
  readonly grantedMs: number;
  readonly expectedSeconds: number;
  /** When the model is expected to be in memory; the moment of the grant if it was. */
  readonly modelReadyMs: number;
  readonly mustLoad: boolean;
  readonly trials: readonly Trial[];
}

/** What the scheduler knows of one host. Owned and changed by the scheduler only. */
export interface Host {
  address: NodeAddress;
  alive: boolean;
  /** True when the host is wanted no more and only its running calls keep it. */
  removed: boolean;
  models: ReadonlySet<string>;
  residentModels: Set<string>;
  /** Models that a call did not find there, until the next observation. */
  readonly missingModels: Set<string>;
  readonly running: Map<string, RunningCall>;
}

/** What stands between a model and its first token on a host. */
export interface Readiness {
  readonly mustLoad: boolean;
  /** Seconds until a load that is under way has ended. */
  readonly readySeconds: number;
}

/**
 * A call that has outlived its prediction is expected to go on for a tenth of what it took so far: the estimate stays
 * above zero and grows, so that a hanging call does not make its host look free in a moment for ever.
 */
const OVERRUN_SHARE = 0.1;

export function createHost(address: NodeAddress): Host {
  return {
    address,
    alive: false,
    removed: false,
    models: new Set(),
    residentModels: new Set(),
    missingModels: new Set(),
    running: new Map(),
  };
}

export function applyObservation(host: Host, observation: NodeObservation): void {
  host.alive = observation.alive;
  host.models = new Set(observation.models.map(fullModelName));
  host.residentModels = new Set(observation.residentModels.map(fullModelName));
  host.missingModels.clear();
}

/** True when the host is up and has the model. */
export function isCapable(host: Host, model: string): boolean {
  return host.alive && !host.removed && host.models.has(model) && !host.missingModels.has(model);
}

export function freeSlots(host: Host): number {
  return Math.max(0, host.address.slots - host.running.size);
}

/** Seconds until each slot is free, soonest first; zero for a free one. */
export function secondsUntilFree(host: Host, nowMs: number): number[] {
  const remaining = [...host.running.values()].map((call) => remainingSeconds(call, nowMs)).sort((a, b) => a - b);
  // After its slots were reduced a host may run more calls than it has slots; the surplus must end first.
  const surplus = Math.max(0, remaining.length - host.address.slots);
  return [...Array<number>(freeSlots(host)).fill(0), ...remaining.slice(surplus)];
}

/** A model is ready when it was seen in memory or a running call uses it. */
export function readinessOf(host: Host, model: string, nowMs: number): Readiness {
  const users = [...host.running.values()].filter((call) => call.model === model);
  if (users.length === 0) return { mustLoad: !host.residentModels.has(model), readySeconds: 0 };
  const readyMs = Math.min(...users.map((call) => call.modelReadyMs));
  return { mustLoad: false, readySeconds: Math.max(0, (readyMs - nowMs) / 1000) };
}

function remainingSeconds(call: RunningCall, nowMs: number): number {
  const elapsedSeconds = (nowMs - call.grantedMs) / 1000;
  return Math.max(call.expectedSeconds - elapsedSeconds, elapsedSeconds * OVERRUN_SHARE);
}
