import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { Lease, LeaseRequest } from '../../domain/lease.ts';
import type { NodeAddress } from '../../domain/node.ts';
import { assertInvariant } from '../assert-invariant.ts';
import type { Breaker } from '../health/breaker.ts';
import { neverGoingBack, type Clock } from '../clock.ts';
import { choosePreloadHost } from './choose-preload.ts';
import { describeDecision } from './describe-decision.ts';
import { explainGrant } from './explain-choice.ts';
import { createFitCheck, fitsNowhereFailure } from './fit-call.ts';
import { hasWorkForFreeSlot, offerHosts, type CallOnOffer } from './offer-hosts.ts';
import { applyObservation, createHost, freeSlots, holdBackSlots, type Host, type RunningCall } from './host.ts';
import { learnFromCall } from './learn-from-call.ts';
import { createLearning, forgetHost, type Learning } from './learning.ts';
import { LeaseBook } from './lease-book.ts';
import { predictCall } from './predict-call.ts';
import { planGrants, type PlannedGrant } from './plan-grants.ts';
import type { CallReport, LearnedRates, ModelSize, NodeObservation, Scheduler } from '../scheduler-port.ts';
import { createRunningCall, endedCall } from './running-call.ts';
import type { SchedulerOptions } from './scheduler-options.ts';
import { createWaitingCall, type WaitingCall } from './waiting-call.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** Ten times ten minutes, which a long answer takes on a slow host: no call in its right mind is cut off. */
const DEFAULT_LONGEST_CALL_MS = 100 * 60_000;
/** As long as a failed host's first rest: time for another node to be found or to come back. */
const DEFAULT_AVOID_GRACE_MS = 5_000;
/** A tenth of the shortest rest; one look costs well under a millisecond on a usual fleet. */
const DEFAULT_REPLAN_INTERVAL_MS = 500;
/** Long enough for a full queue to become shorter, short enough that a host is not left idle for long. */
const HOLD_BACK_MS = 10_000;

/** Creates the scheduler; see the port for what it promises. The policy itself is in `plan-grants.ts`. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new LateBindingScheduler({ ...options, clock: neverGoingBack(options.clock) });
}

/**
 * Invariants, asserted: 1. a grant goes only to a host with a free slot. 2. A running call has exactly one open lease.
 * By construction: a waiting call leaves the list before it is granted or refused, so each ends once.
 */
class LateBindingScheduler implements Scheduler {
  private readonly options: SchedulerOptions;
  private readonly clock: Clock;
  private readonly hosts = new Map<NodeId, Host>();
  private readonly learning: Learning;
  private readonly leases: LeaseBook;
  private readonly cancelReturns = new Map<NodeId, () => void>();
  private readonly waiting = new WaitingCalls();
  private cancelReplan: (() => void) | null = null;
  private closed = false;

  constructor(options: SchedulerOptions) {
    this.options = options;
    this.clock = options.clock;
    this.learning = createLearning(options);
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

  setDraining(id: NodeId, isDraining: boolean): void {
    const host = this.hosts.get(id);
    if (!host || host.draining === isDraining) return;
    host.draining = isDraining;
    this.grantWhatCanStart();
  }

  observe(id: NodeId, observation: NodeObservation): void {
    const host = this.hosts.get(id);
    if (!host || host.removed) return;
    const hasReturned = !host.alive && observation.alive;
    applyObservation(host, observation);
    if (hasReturned) this.learning.breakers.forget(id);
    this.grantWhatCanStart();
  }

  setModelSizes(sizes: readonly ModelSize[]): void {
    this.learning.rates.setModelSizes(sizes);
  }

  async acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease> {
    signal.throwIfAborted();
    if (this.closed) throw closedFailure();
    const [call, granted] = createWaitingCall(request, this.clock.now());
    const abort = (): void => {
      if (this.withdraw(call)) call.refuse(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.admit(call);
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
    // Refused, it has to wait as well: waiting tells why it cannot be served.
    const call = { ...waiting, grant: (granted: Lease) => void (lease = granted), refuse: () => undefined };
    this.admit(call);
    this.grantWhatCanStart();
    this.withdraw(call);
    return lease;
  }

  hostToPreload(model: string, contextTokens: number): NodeId | null {
    if (this.closed || this.waiting.size > 0) return null;
    return choosePreloadHost([...this.hosts.values()], model, contextTokens, this.learning.rates)?.address.id ?? null;
  }

  claim(leaseId: string): boolean {
    return this.mayGrant() && this.leases.claim(leaseId);
  }

  noteProgress(id: NodeId): void {
    this.options.onProgress?.(id);
  }

  release(leaseId: string, report: CallReport): void {
    const nodeId = this.leases.end(leaseId);
    if (nodeId === undefined) return;
    const host = this.hosts.get(nodeId);
    const running = host?.running.get(leaseId);
    if (!host || !running)
      throw new SynthesisFailure('InvariantBroken', 'scheduler 2: a lease belongs to a running call');
    host.running.delete(leaseId);
    const ended = endedCall(nodeId, running, report, this.clock.now());
    learnFromCall(this.learning, host, running, ended);
    if (report.ended === 'busy') this.holdBack(host);
    this.forgetIfGone(host);
    this.options.onReport?.(nodeId, running.model, report);
    this.options.onEnded?.(ended);
    this.grantWhatCanStart();
  }

  forfeit(leaseId: string): void {
    if (!this.leases.isClaimed(leaseId)) this.release(leaseId, { ended: 'neutral' });
  }

  learned(node: NodeId, model: string): LearnedRates {
    return this.learning.rates.learned(node, model);
  }

  busySlots(id: NodeId): number {
    return this.hosts.get(id)?.running.size ?? 0;
  }

  breakerState(id: NodeId): Breaker['state'] {
    return this.learning.breakers.stateOf(id);
  }

  waitingCalls(): number {
    return this.waiting.size;
  }

  close(): void {
    this.closed = true;
    this.cancelReplan?.();
    for (const cancel of this.cancelReturns.values()) cancel();
    this.leases.close();
    for (const host of this.hosts.values()) host.running.clear();
    for (const call of this.waiting) call.refuse(closedFailure());
    this.waiting.clear();
  }

  /** Plans and grants until no free slot has a call that should start on it now. */
  private grantWhatCanStart(): void {
    if (this.closed) return;
    if (!this.learning.memoryLimits.isEmpty) this.refuseWhatFitsNowhere();
    while (this.mayGrant() && hasWorkForFreeSlot(this.hosts.values(), this.waiting)) {
      const grants = planGrants(this.callsOnOffer(), this.options.weights);
      for (const grant of grants) this.give(grant);
      if (grants.length === 0) break;
    }
    this.replanLater();
  }

  private admit(call: WaitingCall): void {
    this.waiting.add(call);
    this.learning.shares.enter(call.request.namespace);
  }

  /** False when it waits no more. */
  private withdraw(call: WaitingCall): boolean {
    const waited = this.waiting.delete(call);
    if (waited) this.learning.shares.leave(call.request.namespace);
    return waited;
  }

  private callsOnOffer(): readonly CallOnOffer[] {
    return offerHosts({
      hosts: [...this.hosts.values()],
      waiting: this.waiting,
      ...this.learning,
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
    this.options.onDecision?.(describeDecision({ ...this.learning, grant, running, hosts: this.hosts.values() }));
    waiting.grant({
      leaseId: running.leaseId,
      nodeId: grant.nodeId,
      taskQueue: `node:${grant.nodeId}`,
      why: explainGrant(grant),
      expectedSeconds: grant.expectedSeconds,
      prediction: predictCall(this.learning.rates, grant.nodeId, waiting),
    });
  }

  /** A host that holds the model may come up later, but a smaller context or model can be had now. */
  private refuseWhatFitsNowhere(): void {
    const fitsNoHost = createFitCheck([...this.hosts.values()], this.learning.memoryLimits);
    for (const call of [...this.waiting].filter(fitsNoHost)) {
      this.withdraw(call);
      call.refuse(fitsNowhereFailure(call));
    }
  }

  private start(host: Host, call: WaitingCall, grant: PlannedGrant<CallOnOffer>): RunningCall {
    const leaseId = this.leases.open(host.address.id);
    const trials = this.learning.breakers.begin(host.address.id, call.model);
    const running = createRunningCall({ host, call, grant, leaseId, trials, nowMs: this.clock.now() });
    this.learning.shares.charge(running.namespace, grant.expectedSeconds);
    host.running.set(running.leaseId, running);
    return running;
  }

  private holdBack(host: Host): void {
    const { id } = host.address;
    holdBackSlots(host, this.clock.now() + HOLD_BACK_MS);
    this.cancelReturns.get(id)?.();
    const giveBack = (): void => {
      host.heldBack = null;
      this.cancelReturns.delete(id);
      this.grantWhatCanStart();
    };
    this.cancelReturns.set(id, this.clock.setTimer(HOLD_BACK_MS, giveBack));
  }

  private forgetIfGone(host: Host): void {
    if (!host.removed || host.running.size > 0) return;
    this.hosts.delete(host.address.id);
    this.forgetLearned(host);
  }

  /** Another machine under the same name must not be judged by the one before. */
  private forgetLearned(host: Host): void {
    host.alive = false;
    forgetHost(this.learning, host.address.id);
  }

  private mayGrant(): boolean {
    return this.options.mayGrant?.() ?? true;
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
