import type { AnswerLengths } from '../learning/answer-lengths.ts';
import { evictionSeconds } from './eviction-cost.ts';
import type { FairShares } from './fair-shares.ts';
import type { HostBreakers } from '../health/host-breakers.ts';
import type { MemoryLimits } from '../model-memory/memory-limits.ts';
import { freeSlots, isCapable, readinessOf, secondsUntilFewer, secondsUntilFree, type Host } from './host.ts';
import type { RateBook } from '../learning/learned-rates.ts';
import { serviceSeconds, type CallKind, type CallToPlace, type HostOption, type PlannedHost } from './plan-grants.ts';
import type { WaitingCall } from './waiting-call.ts';
import type { WaitingCalls } from './waiting-calls.ts';

/** A waiting call with the hosts that it may use now. */
export interface CallOnOffer extends CallToPlace {
  readonly waiting: WaitingCall;
}

/** Everything that a round of planning looks at. */
export interface FleetView {
  readonly hosts: readonly Host[];
  readonly waiting: WaitingCalls;
  readonly rates: RateBook;
  readonly lengths: AnswerLengths;
  readonly shares: FairShares;
  readonly breakers: HostBreakers;
  readonly memoryLimits: MemoryLimits;
  readonly nowMs: number;
  readonly avoidGraceMs: number;
}

/** False when planning cannot lead to a grant; the quick answer for a full fleet. */
export function hasWorkForFreeSlot(hosts: Iterable<Host>, waiting: WaitingCalls): boolean {
  if (waiting.size === 0) return false;
  const free = [...hosts].filter((host) => freeSlots(host) > 0);
  return [...waiting.models()].some((model) => free.some((host) => isCapable(host, model)));
}

/**
 * Calls that a round looks at, for each slot of the fleet and at least. What waits behind them neither starts now nor changes
 * much who does; so a decision does not take longer the more calls wait.
 */
const PLANNED_PER_SLOT = 2;
const LEAST_PLANNED = 100;

/** The calls that are to be served first, in that order, with what each host that they may use costs. */
export function offerHosts(view: FleetView): readonly CallOnOffer[] {
  const kinds = new KindBook(view);
  const turns = view.shares.layOutTurns(view.waiting.namespaces());
  const slots = view.hosts.reduce((total, host) => total + host.address.slots, 0);
  const planned = Math.max(LEAST_PLANNED, PLANNED_PER_SLOT * slots);
  const calls: CallOnOffer[] = [];
  for (const { call: waiting, urgency, turn } of view.waiting.inOrder(view.nowMs, turns)) {
    const kind = kinds.kindOf(waiting);
    if (kind.options.length === 0) continue;
    const { namespace, promptTokens, completionTokens } = waiting.request;
    turns.take(namespace, typicalSeconds(kind));
    calls.push({
      waiting,
      kind,
      urgency,
      turn,
      arrivedSeconds: waiting.arrivedMs / 1000,
      promptTokens,
      completionTokens: view.lengths.expect(waiting.model, completionTokens),
    });
    if (calls.length === planned) break;
  }
  return calls;
}

/** What a call of the kind takes on a host in the middle of those that may do it. */
function typicalSeconds(kind: CallKind): number {
  const option = kind.options[Math.floor(kind.options.length / 2)];
  return option === undefined ? 0 : serviceSeconds(kind, option);
}

/** Sorts calls into kinds, and finds out once for each what the hosts offer it. */
class KindBook {
  private readonly view: FleetView;
  private readonly planned: ReadonlyMap<Host, PlannedHost>;
  private readonly wantedModels: ReadonlySet<string>;
  private readonly optionsByModel = new Map<string, readonly HostOption[]>();
  private readonly kinds = new Map<string, CallKind>();

  constructor(view: FleetView) {
    this.view = view;
    this.planned = new Map(view.hosts.map((host) => [host, planHost(host, view.nowMs)]));
    this.wantedModels = view.waiting.wantedModels(view.nowMs);
  }

  kindOf(call: WaitingCall): CallKind {
    const known = this.kinds.get(call.kindKey);
    if (known !== undefined) return known;
    const { promptTokens } = call.request;
    const completionTokens = this.view.lengths.expect(call.model, call.request.completionTokens);
    const options = withoutAvoided(withoutUnfit(this.optionsOf(call), call, this.view), call, this.view);
    const kind = { promptTokens, completionTokens, options };
    this.kinds.set(call.kindKey, kind);
    return kind;
  }

  private optionsOf({ model, request: { contextTokens } }: WaitingCall): readonly HostOption[] {
    const key = `${model} ${contextTokens}`;
    const known = this.optionsByModel.get(key);
    if (known !== undefined) return known;
    const options = usableHosts(model, this.view).flatMap((host) => {
      const plannedHost = this.planned.get(host);
      return plannedHost === undefined ? [] : [this.optionOf(host, plannedHost, model, contextTokens)];
    });
    this.optionsByModel.set(key, options);
    return options;
  }

  private optionOf(host: Host, plannedHost: PlannedHost, model: string, contextTokens: number): HostOption {
    const { view, wantedModels } = this;
    const { id, slots } = host.address;
    const { mustLoad, readySeconds } = readinessOf(host, model, view.nowMs);
    const speed = view.rates.estimate(id, model);
    const eviction = { rates: view.rates, wantedModels };
    return {
      host: plannedHost,
      promptSecondsPerToken: speed.promptSecondsPerToken,
      completionSecondsPerToken: speed.completionSecondsPerToken,
      creditSeconds: secondsUntilFewer(host, view.rates.credits(id, model, slots), view.nowMs),
      mustLoad,
      loadSeconds: mustLoad ? speed.loadSeconds : readySeconds,
      evictionSeconds: mustLoad ? evictionSeconds(host, model, contextTokens, eviction) : 0,
      loadPlanned: !mustLoad,
      readyAtSeconds: readySeconds,
    };
  }
}

function planHost(host: Host, nowMs: number): PlannedHost {
  const slotSeconds = secondsUntilFree(host, nowMs);
  return {
    nodeId: host.address.id,
    hasFreeSlot: freeSlots(host) > 0,
    slotSeconds,
    soonestSeconds: slotSeconds[0] ?? Infinity,
  };
}

/**
 * The capable hosts whose breakers permit a call. When more than half of the capacity for a model rests, the fault is
 * likely ours or everybody's, and the remaining hosts would drown: then breakers are ignored.
 */
function usableHosts(model: string, view: FleetView): readonly Host[] {
  const capable = view.hosts.filter((host) => isCapable(host, model));
  const permitted = capable.filter((host) => view.breakers.permits(host.address.id, model));
  const restingSlots = totalSlots(capable) - totalSlots(permitted);
  return restingSlots * 2 > totalSlots(capable) ? capable : permitted;
}

function totalSlots(hosts: readonly Host[]): number {
  return hosts.reduce((total, host) => total + host.address.slots, 0);
}

/** Without the hosts whose memory did not hold the model with the context of this call. */
function withoutUnfit(options: readonly HostOption[], call: WaitingCall, view: FleetView): readonly HostOption[] {
  if (view.memoryLimits.isEmpty) return options;
  const { contextTokens } = call.request;
  return options.filter((option) => view.memoryLimits.fits(option.host.nodeId, call.model, contextTokens));
}

/** Hosts that failed this call are offered only when there is no other, and then after a while. */
function withoutAvoided(options: readonly HostOption[], call: WaitingCall, view: FleetView): readonly HostOption[] {
  const { avoid } = call.request;
  if (avoid.length === 0) return options;
  const others = options.filter((option) => !avoid.includes(option.host.nodeId));
  if (others.length > 0) return others;
  return view.nowMs - call.arrivedMs >= view.avoidGraceMs ? options : [];
}
