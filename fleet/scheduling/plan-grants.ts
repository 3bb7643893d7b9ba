import TinyQueue from 'tinyqueue';
import type { NodeId } from '../../domain/ids.ts';

/** A host as one round of planning sees it. */
export interface PlannedHost {
  readonly nodeId: NodeId;
  readonly hasFreeSlot: boolean;
  /** Seconds until each slot is free, soonest first. Planning adds the calls that it puts there. */
  readonly slotSeconds: number[];
  /** The first of them, kept beside because every call looks at it. */
  soonestSeconds: number;
}

/** One model on one host: what it costs there. Shared by all calls of the model within a round. */
export interface HostOption {
  readonly host: PlannedHost;
  readonly promptSecondsPerToken: number;
  readonly completionSecondsPerToken: number;
  /**
   * Seconds until the host runs no more calls than it was learned to answer at once, whatever slots it is said to have; zero
   * when one may start now. What comes sooner only waits in a queue that nobody sees.
   */
  readonly creditSeconds: number;
  readonly mustLoad: boolean;
  /** Seconds from a start now until the model is in memory: a whole load, the rest of one under way, or zero. */
  readonly loadSeconds: number;
  /** What the load costs calls of other models later, in seconds. */
  readonly evictionSeconds: number;
  /** True once the model is, or is planned to be, brought into memory; planning sets it. */
  loadPlanned: boolean;
  /** With `loadPlanned`: seconds until the model is in memory. */
  readyAtSeconds: number;
}

/** Calls that cost about the same everywhere, and the hosts that may do them. */
export interface CallKind {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly options: readonly HostOption[];
}

/** A call that waits. */
export interface CallToPlace {
  readonly kind: CallKind;
  /** Lower is served first. */
  readonly urgency: number;
  /** Within one urgency, lower is served first: the turns of callers. */
  readonly turn: number;
  /** Any zero, as long as it is the same for all. */
  readonly arrivedSeconds: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What one host offered a call when its turn came. */
export interface Offer {
  readonly nodeId: NodeId;
  readonly mustLoad: boolean;
  readonly waitSeconds: number;
  readonly finishSeconds: number;
}

/** A call that is to start now. */
export interface PlannedGrant<Call extends CallToPlace> {
  readonly call: Call;
  readonly nodeId: NodeId;
  readonly mustLoad: boolean;
  readonly loadSeconds: number;
  /** Load, prompt and answer. */
  readonly expectedSeconds: number;
  readonly offers: readonly Offer[];
}

/** How much things weigh that are no seconds of the call itself. */
export interface PlanWeights {
  /**
   * How many seconds of extra cost (a model load, a slow host) weigh as much as one second of waiting. At a quarter, a call
   * that needs a 10 s load lets calls pass that arrived up to 40 s after it (160 s where another model has to go for it), so
   * loads are shared by many calls and none starves.
   */
  readonly waiting: number;
  /** A model that had to go comes back and makes another one go in turn. Measured: see `bench/results/fleet.md`. */
  readonly eviction: number;
}

export const PLAN_WEIGHTS: PlanWeights = { waiting: 0.25, eviction: 3 };

interface Candidate<Call extends CallToPlace> extends PlannedGrant<Call> {
  readonly loss: number;
}

/**
 * One round of late binding. The waiting calls, which come in the order in which they are to be served, are each put where they would
 * finish first, behind what runs there and what was put there before; a host with a free slot then starts, of the calls put on
 * it that have the same urgency and turn as the first, the one that loses least by starting there now. So a host stays idle
 * only while every waiting call would finish earlier elsewhere. At most one grant per host and round: a grant changes what the
 * others should do.
 * Calls of one kind share a queue of their hosts, soonest first, so that a call costs the logarithm of the hosts, not all of them.
 * Determinism: pure but for the options and slots it is given, which are of no further use.
 */
export function planGrants<Call extends CallToPlace>(
  waiting: readonly Call[],
  weights: PlanWeights = PLAN_WEIGHTS,
): readonly PlannedGrant<Call>[] {
  const chosen = new Map<NodeId, Candidate<Call>>();
  const queues = new Map<CallKind, KindQueue>();
  for (const call of waiting) {
    const queue = queues.get(call.kind) ?? createKindQueue(call.kind, weights);
    queues.set(call.kind, queue);
    placeCall(call, queue, weights, chosen);
  }
  return [...chosen.values()];
}

function placeCall<Call extends CallToPlace>(
  call: Call,
  queue: KindQueue,
  weights: PlanWeights,
  chosen: Map<NodeId, Candidate<Call>>,
): void {
  const best = soonestOption(queue);
  if (best === undefined) return;
  if (best.host.hasFreeSlot && best.creditSeconds === 0) {
    const rival = chosen.get(best.host.nodeId)?.call;
    const isPeer = rival?.urgency === call.urgency && rival.turn === call.turn;
    const loss = lossOfStarting(call, best, queue, weights);
    const isBetter = rival === undefined || (isPeer && loss < (chosen.get(best.host.nodeId)?.loss ?? Infinity));
    if (isBetter) chosen.set(best.host.nodeId, { ...grantOf(call, best), loss });
  }
  occupy(call, best);
}

/** What the fleet loses, in seconds, when this call starts there now, less what it has gained by waiting. */
function lossOfStarting(call: CallToPlace, option: HostOption, { quickest }: KindQueue, weights: PlanWeights): number {
  const slower = serviceSeconds(call.kind, option) - quickest;
  const loads = option.loadSeconds + weights.eviction * option.evictionSeconds;
  return loads + slower + weights.waiting * call.arrivedSeconds;
}

function grantOf<Call extends CallToPlace>(call: Call, option: HostOption): PlannedGrant<Call> {
  return {
    call,
    nodeId: option.host.nodeId,
    mustLoad: option.mustLoad,
    loadSeconds: option.loadSeconds,
    expectedSeconds: option.loadSeconds + serviceSeconds(call, option),
    offers: call.kind.options.map((other) => offerOf(call, other)),
  };
}

/** The hosts of one kind of call, that with the lowest cost first. */
interface KindQueue {
  readonly kind: CallKind;
  readonly entries: TinyQueue<QueueEntry>;
  readonly evictionWeight: number;
  /** Seconds on the fastest host. */
  readonly quickest: number;
}

interface QueueEntry {
  readonly option: HostOption;
  readonly place: number;
  /** As it was when the entry was put in; it only rises within a round. */
  cost: number;
}

function createKindQueue(kind: CallKind, { eviction }: PlanWeights): KindQueue {
  const entries = kind.options.map((option, place) => ({ option, place, cost: costOf(kind, option, eviction) }));
  return {
    kind,
    entries: new TinyQueue(entries, (a, b) => a.cost - b.cost || a.place - b.place),
    evictionWeight: eviction,
    quickest: kind.options.reduce((quickest, option) => Math.min(quickest, serviceSeconds(kind, option)), Infinity),
  };
}

/** The first entry may be out of date; as costs only rise, the first that is not is the lowest. */
function soonestOption({ kind, entries, evictionWeight }: KindQueue): HostOption | undefined {
  for (;;) {
    const first = entries.peek();
    if (first === undefined) return undefined;
    const cost = costOf(kind, first.option, evictionWeight);
    if (cost <= first.cost) return cost === Infinity ? undefined : first.option;
    entries.pop();
    first.cost = cost;
    entries.push(first);
  }
}

/** When the call would finish there, and what that costs others. */
function costOf(kind: CallKind, option: HostOption, evictionWeight: number): number {
  return startSeconds(option) + serviceSeconds(kind, option) + evictionWeight * option.evictionSeconds;
}

/** Takes the soonest slot of the host for the call, for the rest of the round. */
function occupy(call: CallToPlace, option: HostOption): void {
  const start = startSeconds(option);
  if (!option.loadPlanned) {
    option.loadPlanned = true;
    option.readyAtSeconds = start;
  }
  const { host } = option;
  host.slotSeconds[0] = start + serviceSeconds(call, option);
  host.slotSeconds.sort(ascending);
  host.soonestSeconds = host.slotSeconds[0];
}

/** When the first prompt token could be read there. */
function startSeconds(option: HostOption): number {
  const free = freeSeconds(option);
  return option.loadPlanned ? Math.max(free, option.readyAtSeconds) : free + option.loadSeconds;
}

/** When the host could take up one more call of the model. */
function freeSeconds({ host, creditSeconds }: HostOption): number {
  return Math.max(host.soonestSeconds, creditSeconds);
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Seconds that a call works on a host once the model is there. */
export function serviceSeconds(
  tokens: { readonly promptTokens: number; readonly completionTokens: number },
  option: HostOption,
): number {
  return (
    tokens.promptTokens * option.promptSecondsPerToken + tokens.completionTokens * option.completionSecondsPerToken
  );
}

function offerOf(call: CallToPlace, option: HostOption): Offer {
  return {
    nodeId: option.host.nodeId,
    mustLoad: !option.loadPlanned,
    waitSeconds: freeSeconds(option),
    finishSeconds: startSeconds(option) + serviceSeconds(call, option),
  };
}
