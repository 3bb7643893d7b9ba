import { fullModelName } from '../../domain/model-name.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { Trial } from '../health/host-breakers.ts';
import type { HostMemory, NodeObservation } from '../scheduler-port.ts';

/** A call that holds a slot of a host. */
export interface RunningCall {
  readonly leaseId: string;
  readonly model: string;
  readonly namespace: string;
  readonly contextTokens: number;
  /** As its caller predicts it. */
  readonly completionTokens: number;
  readonly grantedMs: number;
  readonly expectedSeconds: number;
  /** When the model is expected to be in memory; the moment of the grant if it was. */
  readonly modelReadyMs: number;
  readonly mustLoad: boolean;
  /** Calls of the same model there when it began, itself included. */
  readonly sameModelCalls: number;
  readonly trials: readonly Trial[];
}

/** What the scheduler knows of one host. Owned and changed by the scheduler only. */
export interface Host {
  address: NodeAddress;
  alive: boolean;
  /** True when the host is wanted no more and only its running calls keep it. */
  removed: boolean;
  /** True when people want it to take nothing new for a while. */
  draining: boolean;
  /** Slots that are not used for a while, because the host said that it has too much to do. */
  heldBack: { readonly slots: number; readonly untilMs: number } | null;
  models: ReadonlySet<string>;
  residentModels: Set<string>;
  /** Models that a call did not find there, until the next observation. */
  readonly missingModels: Set<string>;
  readonly running: Map<string, RunningCall>;
  /** Null while its size is not known. */
  memory: KnownMemory | null;
}

/** What is known of the memory of a host. */
export interface KnownMemory extends Pick<HostMemory, 'needBytes'> {
  /** Null while not known for certain. */
  readonly capacityBytes: number | null;
}

/** What stands between a model and its first token on a host. */
export interface Readiness {
  readonly mustLoad: boolean;
  /** Seconds until a load that is under way has ended. */
  readonly readySeconds: number;
}

/**
 * A call that has outlived its prediction is expected to go on for half of what it took so far. Answers spread so widely around
 * their mean that those twice as long go on for about that (exactly 0.56 where the logarithm of the length spreads by 0.8).
 */
const OVERRUN_SHARE = 0.5;

export function createHost(address: NodeAddress): Host {
  return {
    address,
    alive: false,
    removed: false,
    draining: false,
    heldBack: null,
    models: new Set(),
    residentModels: new Set(),
    missingModels: new Set(),
    running: new Map(),
    memory: null,
  };
}

export function applyObservation(host: Host, observation: NodeObservation): void {
  host.alive = observation.alive;
  host.models = new Set(observation.models.map(fullModelName));
  const { residentModels } = observation;
  if (residentModels !== null) host.residentModels = new Set(residentModels.map(({ name }) => fullModelName(name)));
  else if (!observation.alive) host.residentModels = new Set();
  host.missingModels.clear();
  if (observation.memory !== undefined) host.memory = memoryOf(observation);
}

function memoryOf({ memory, residentModels }: NodeObservation): KnownMemory | null {
  if (!memory) return null;
  const usedBytes = (residentModels ?? []).reduce((sum, { vramBytes }) => sum + vramBytes, 0);
  const capacityBytes = memory.freeBytes === null ? null : memory.freeBytes + usedBytes;
  return { capacityBytes, needBytes: (model, contextTokens) => memory.needBytes(model, contextTokens) };
}

/** True when the host is up, takes new calls, and has the model. */
export function isCapable(host: Host, model: string): boolean {
  return host.alive && !host.removed && !host.draining && host.models.has(model) && !host.missingModels.has(model);
}

export function freeSlots(host: Host): number {
  return Math.max(0, slotsInUse(host) - host.running.size);
}

function slotsInUse(host: Host): number {
  return Math.max(0, host.address.slots - (host.heldBack?.slots ?? 0));
}

/** Uses half as many slots until then; none of a host that had one left. */
export function holdBackSlots(host: Host, untilMs: number): void {
  const slots = host.address.slots - Math.floor(slotsInUse(host) / 2);
  host.heldBack = { slots, untilMs };
}

/** Seconds until each slot is free, soonest first; zero for a free one. */
export function secondsUntilFree(host: Host, nowMs: number): number[] {
  const remaining = [...host.running.values()].map((call) => remainingSeconds(call, nowMs)).sort((a, b) => a - b);
  // After its slots were reduced a host may run more calls than it has slots; the surplus must end first.
  const surplus = Math.max(0, remaining.length - slotsInUse(host));
  const { slots, untilMs } = host.heldBack ?? { slots: 0, untilMs: nowMs };
  const heldBack = Array<number>(slots).fill(Math.max(0, (untilMs - nowMs) / 1000));
  return [
    ...Array<number>(freeSlots(host)).fill(0),
    ...[...remaining.slice(surplus), ...heldBack].sort((a, b) => a - b),
  ];
}

/** Seconds until the host runs fewer than so many calls; zero when it does now. */
export function secondsUntilFewer(host: Host, calls: number, nowMs: number): number {
  const surplus = host.running.size - calls;
  if (surplus < 0) return 0;
  const remaining = [...host.running.values()].map((call) => remainingSeconds(call, nowMs)).sort((a, b) => a - b);
  return remaining[surplus] ?? 0;
}

/** A model is ready when it was seen in memory or a running call uses it. */
export function readinessOf(host: Host, model: string, nowMs: number): Readiness {
  let readyMs = Infinity;
  for (const call of host.running.values()) if (call.model === model) readyMs = Math.min(readyMs, call.modelReadyMs);
  if (readyMs === Infinity) return { mustLoad: !host.residentModels.has(model), readySeconds: 0 };
  return { mustLoad: false, readySeconds: Math.max(0, (readyMs - nowMs) / 1000) };
}

function remainingSeconds(call: RunningCall, nowMs: number): number {
  const elapsedSeconds = (nowMs - call.grantedMs) / 1000;
  return Math.max(call.expectedSeconds - elapsedSeconds, elapsedSeconds * OVERRUN_SHARE);
}
