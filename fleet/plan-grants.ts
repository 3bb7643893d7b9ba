import type { NodeId } from '../domain/ids.ts';

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
  readonly mustLoad: boolean;
  /** Seconds from a start now until the model is in memory: a whole load, the rest of one under way, or zero. */
  readonly loadSeconds: number;
  /** True once the model is, or is planned to be, brought into memory; planning sets it. */
  loadPlanned: boolean;
  /** With `loadPlanned`: seconds until the model is in memory. */
  readyAtSeconds: number;
}

/** A call that waits. */
export interface CallToPlace {
  /** Lower is served first. */
  readonly urgency: number;
  /** Any zero, as long as it is the same for all. */
  readonly arrivedSeconds: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly options: readonly HostOption[];
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

interface Candidate<Call extends CallToPlace> extends PlannedGrant<Call> {
  readonly loss: number;
}

/**
 * How many seconds of extra cost (a model load, a slow host) weigh as much as one second of waiting. At a quarter, a call that
 * needs a 10 s load lets calls pass that arrived up to 40 s after it, so loads are shared by many calls and none starves.
 */
const COST_OF_WAITING = 0.25;

/**
 * One round of late binding. The waiting calls, most urgent and oldest first, are each put where they would finish first,
 * behind what runs there and what was put there before; a host with a free slot then starts, of the calls put on it, the
 * most urgent one that loses least by starting there now. So a host stays idle only while every waiting call would finish
 * earlier elsewhere. At most one grant per host and round: a grant changes what the others should do.
 * Determinism: pure but for the options and slots it is given, which are of no further use.
 */
export function planGrants<Call extends CallToPlace>(waiting: readonly Call[]): readonly PlannedGrant<Call>[] {
  const chosen = new Map<NodeId, Candidate<Call>>();
  for (const call of [...waiting].sort(byUrgencyAndAge)) placeCall(call, chosen);
  return [...chosen.values()];
}

function byUrgencyAndAge(a: CallToPlace, b: CallToPlace): number {
  return a.urgency - b.urgency || a.arrivedSeconds - b.arrivedSeconds;
}

function placeCall<Call extends CallToPlace>(call: Call, chosen: Map<NodeId, Candidate<Call>>): void {
  const best = soonestOption(call);
  if (best === undefined) return;
  if (best.host.hasFreeSlot) {
    const rival = chosen.get(best.host.nodeId);
    const loss = lossOfStarting(call, best);
    const isBetter = rival === undefined || (call.urgency === rival.call.urgency && loss < rival.loss);
    if (isBetter) chosen.set(best.host.nodeId, { ...grantOf(call, best), loss });
  }
  occupy(call, best);
}

/** What the fleet loses, in seconds, when this call starts there now, less what it has gained by waiting. */
function lossOfStarting(call: CallToPlace, option: HostOption): number {
  const extraSeconds = option.loadSeconds + serviceSeconds(call, option) - quickestService(call);
  return extraSeconds + COST_OF_WAITING * call.arrivedSeconds;
}

function grantOf<Call extends CallToPlace>(call: Call, option: HostOption): PlannedGrant<Call> {
  return {
    call,
    nodeId: option.host.nodeId,
    mustLoad: option.mustLoad,
    loadSeconds: option.loadSeconds,
    expectedSeconds: option.loadSeconds + serviceSeconds(call, option),
    offers: call.options.map((other) => offerOf(call, other)),
  };
}

function soonestOption(call: CallToPlace): HostOption | undefined {
  let best: HostOption | undefined;
  let bestFinish = Infinity;
  for (const option of call.options) {
    const finish = startSeconds(option) + serviceSeconds(call, option);
    if (finish < bestFinish) {
      best = option;
      bestFinish = finish;
    }
  }
  return best;
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
  const free = option.host.soonestSeconds;
  return option.loadPlanned ? Math.max(free, option.readyAtSeconds) : free + option.loadSeconds;
}

function ascending(a: number, b: number): number {
  return a - b;
}

function serviceSeconds(call: CallToPlace, option: HostOption): number {
  return call.promptTokens * option.promptSecondsPerToken + call.completionTokens * option.completionSecondsPerToken;
}

function quickestService(call: CallToPlace): number {
  return call.options.reduce((quickest, option) => Math.min(quickest, serviceSeconds(call, option)), Infinity);
}

function offerOf(call: CallToPlace, option: HostOption): Offer {
  return {
    nodeId: option.host.nodeId,
    mustLoad: !option.loadPlanned,
    waitSeconds: option.host.soonestSeconds,
    finishSeconds: startSeconds(option) + serviceSeconds(call, option),
  };
}
