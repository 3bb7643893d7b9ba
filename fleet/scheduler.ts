import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeId } from '../domain/ids.ts';
import type { Lease, LeaseRequest } from '../domain/lease.ts';
import { fullModelName } from '../domain/model-name.ts';
import type { NodeAddress } from '../domain/node.ts';
import { assertInvariant } from './assert-invariant.ts';
import type { Clock } from './clock.ts';
import { explainGrant } from './explain-choice.ts';
import { HostBreakers } from './host-breakers.ts';
import { hasWorkForFreeSlot, offerHosts, type CallOnOffer } from './offer-hosts.ts';
import { applyObservation, createHost, freeSlots, type Host, type RunningCall } from './host.ts';
import { LeaseBook } from './lease-book.ts';
import { RateBook } from './learned-rates.ts';
import { planGrants, type PlannedGrant } from './plan-grants.ts';
import type { CallReport, LearnedRates, ModelSize, NodeObservation, Scheduler } from './scheduler-port.ts';
import { createWaitingCall, type WaitingCall } from './waiting-call.ts';

export interface SchedulerOptions {
  readonly clock: Clock;
  /** A number from 0 to 1; spreads the rests of failing hosts. */
  readonly random?: () => number;
  /** An unclaimed lease frees its slot after this long. */
  readonly leaseTtlMs: number;
  /** A claimed lease that is never released frees its slot after this long: a bound against leaks, beyond any call's own deadline. */
  readonly longestCallMs?: number;
  /** A call uses a node that it avoids only after waiting this long without another one. */
  readonly avoidGraceMs?: number;
  /** While calls wait, the plan is looked at again this often: rests end and predictions fail with time alone. */
  readonly replanIntervalMs?: number;
  /** Told of every call that ended with a report, after its slot is free. */
  readonly onReport?: (nodeId: NodeId, model: string, report: CallReport) => void;
}

/** Ten times ten minutes, which a long answer takes on a slow host: no call in its right mind is cut off. */
const DEFAULT_LONGEST_CALL_MS = 100 * 60_000;
/** As long as a failed host's first rest: time for another node to be found or to come back. */
const DEFAULT_AVOID_GRACE_MS = 5_000;
/** A tenth of the shortest rest; one look costs well under a millisecond on a usual fleet. */
const DEFAULT_REPLAN_INTERVAL_MS = 500;
/** Below this, a reported load is the host's bookkeeping on a model that was in memory already. */
const SHORTEST_LOAD_MS = 100;

/** Creates the scheduler; see the port for what it promises. The policy itself is in `plan-grants.ts`. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new LateBindingScheduler(options);
}

/**
 * Invariants, asserted: 1. a grant goes only to a host with a free slot. 2. A running call has exactly one open lease.
 * By construction: a waiting call leaves the list before it is granted or refused, so each ends once.
 */
class LateBindingScheduler implements Scheduler {
  private readonly options: SchedulerOptions;
  private readonly clock: Clock;
  private readonly hosts = new Map<NodeId, Host>();
  private readonly rates = new RateBook();
  private readonly breakers: HostBreakers;
  private readonly leases: LeaseBook;
  private readonly waiting = new Set<WaitingCall>();
  private cancelReplan: (() => void) | null = null;
  private closed = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.clock = options.clock;
    this.breakers = new HostBreakers(options.clock, options.random ?? Math.random);
    const terms = { ttlMs: options.leaseTtlMs, longestCallMs: options.longestCallMs ?? DEFAULT_LONGEST_CALL_MS };
    this.leases = new LeaseBook(options.clock, terms, (leaseId) => this.release(leaseId, { ended: 'neutral' }));
  }

  addNode(node: NodeAddress): void {
    const host = this.hosts.get(node.id) ?? createHost(node);
    if (host.address.url !== node.url) this.forgetLearned(host);
    host.address = node;
    host.removed = false;
    this.hosts.set(node.id, host);
    this.grantWhatCanStart();
  }

  removeNode(id: NodeId): void {
    const host = this.hosts.get(id);
    if (!host) return;
    host.removed = true;
    host.alive = false;
    this.forgetIfGone(host);
  }

  observe(id: NodeId, observation: NodeObservation): void {
    const host = this.hosts.get(id);
    if (!host || host.removed) return;
    const hasReturned = !host.alive && observation.alive;
    applyObservation(host, observation);
    if (hasReturned) this.breakers.forget(id);
    this.grantWhatCanStart();
  }

  setModelSizes(sizes: readonly ModelSize[]): void {
    this.rates.setModelSizes(sizes);
  }

  async acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease> {
    signal.throwIfAborted();
    if (this.closed) throw closedFailure();
    const [call, granted] = createWaitingCall(request, this.clock.now());
    const abort = (): void => {
      if (this.waiting.delete(call)) call.refuse(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.waiting.add(call);
    this.grantWhatCanStart();
    const lease = await granted.finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) this.release(lease.leaseId, { ended: 'neutral' });
    signal.throwIfAborted();
    return lease;
  }

  acquireNow(request: LeaseRequest): Lease | null {
    if (this.closed || this.waiting.size > 0) return null;
    let lease: Lease | null = null;
    const [waiting] = createWaitingCall(request, this.clock.now());
    const call = { ...waiting, grant: (granted: Lease) => void (lease = granted) };
    this.waiting.add(call);
    this.grantWhatCanStart();
    this.waiting.delete(call);
    return lease;
  }

  claim(leaseId: string): boolean {
    return this.leases.claim(leaseId);
  }

  release(leaseId: string, report: CallReport): void {
    const nodeId = this.leases.end(leaseId);
    if (nodeId === undefined) return;
    const host = this.hosts.get(nodeId);
    const running = host?.running.get(leaseId);
    if (!host || !running)
      throw new SynthesisFailure('InvariantBroken', 'scheduler 2: a lease belongs to a running call');
    host.running.delete(leaseId);
    this.learnFrom(host, running, report);
    this.forgetIfGone(host);
    this.options.onReport?.(nodeId, running.model, report);
    this.grantWhatCanStart();
  }

  learned(node: NodeId, model: string): LearnedRates {
    return this.rates.learned(node, model);
  }

  busySlots(id: NodeId): number {
    return this.hosts.get(id)?.running.size ?? 0;
  }

  waitingCalls(): number {
    return this.waiting.size;
  }

  close(): void {
    this.closed = true;
    this.cancelReplan?.();
    this.leases.close();
    for (const host of this.hosts.values()) host.running.clear();
    for (const call of this.waiting) call.refuse(closedFailure());
    this.waiting.clear();
  }

  /** Plans and grants until no free slot has a call that should start on it now. */
  private grantWhatCanStart(): void {
    if (this.closed) return;
    while (hasWorkForFreeSlot(this.hosts.values(), this.waiting)) {
      const grants = planGrants(this.callsOnOffer());
      for (const grant of grants) this.give(grant);
      if (grants.length === 0) break;
    }
    this.replanLater();
  }

  private callsOnOffer(): readonly CallOnOffer[] {
    return offerHosts({
      hosts: [...this.hosts.values()],
      waiting: this.waiting,
      rates: this.rates,
      breakers: this.breakers,
      nowMs: this.clock.now(),
      avoidGraceMs: this.options.avoidGraceMs ?? DEFAULT_AVOID_GRACE_MS,
    });
  }

  private give(grant: PlannedGrant<CallOnOffer>): void {
    const host = this.hosts.get(grant.nodeId);
    if (!host || freeSlots(host) === 0) {
      throw new SynthesisFailure('InvariantBroken', 'scheduler 1: a grant needs a free slot', { nodeId: grant.nodeId });
    }
    const { waiting } = grant.call;
    assertInvariant(this.waiting.delete(waiting), 'scheduler: a granted call was waiting');
    const running = this.start(host, waiting, grant);
    waiting.grant({
      leaseId: running.leaseId,
      nodeId: grant.nodeId,
      taskQueue: `node:${grant.nodeId}`,
      why: explainGrant(grant),
      expectedSeconds: grant.expectedSeconds,
    });
  }

  private start(host: Host, call: WaitingCall, grant: PlannedGrant<CallOnOffer>): RunningCall {
    const nowMs = this.clock.now();
    const running: RunningCall = {
      leaseId: this.leases.open(host.address.id),
      model: call.model,
      grantedMs: nowMs,
      expectedSeconds: grant.expectedSeconds,
      modelReadyMs: nowMs + grant.loadSeconds * 1000,
      mustLoad: grant.mustLoad,
      trials: this.breakers.begin(host.address.id, call.model),
    };
    host.running.set(running.leaseId, running);
    return running;
  }

  private learnFrom(host: Host, call: RunningCall, report: CallReport): void {
    const id = host.address.id;
    switch (report.ended) {
      case 'finished': {
        const isLoad = call.mustLoad && report.loadMs >= SHORTEST_LOAD_MS;
        this.rates.record(id, call.model, { ...report, loadMs: isLoad ? report.loadMs : null });
        host.residentModels.add(call.model);
        return this.breakers.succeeded(id, call.model);
      }
      case 'unavailable':
        return this.breakers.failed(id, call.model);
      case 'model_missing':
        host.missingModels.add(fullModelName(call.model));
        return this.breakers.abandoned(call.trials);
      case 'neutral':
        return this.breakers.abandoned(call.trials);
      default:
        return report satisfies never;
    }
  }

  private forgetIfGone(host: Host): void {
    if (!host.removed || host.running.size > 0) return;
    this.hosts.delete(host.address.id);
    this.forgetLearned(host);
  }

  /** Another machine under the same name must not be judged by the one before. */
  private forgetLearned(host: Host): void {
    host.alive = false;
    this.breakers.forget(host.address.id);
    this.rates.forget(host.address.id);
  }

  private replanLater(): void {
    this.cancelReplan?.();
    this.cancelReplan = null;
    if (this.waiting.size === 0) return;
    const intervalMs = this.options.replanIntervalMs ?? DEFAULT_REPLAN_INTERVAL_MS;
    this.cancelReplan = this.clock.setTimer(intervalMs, () => this.grantWhatCanStart());
  }
}

function closedFailure(): SynthesisFailure {
  return new SynthesisFailure('FleetUnavailable', 'The process that looks after the hosts is stopping.');
}
