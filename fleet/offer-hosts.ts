import type { HostBreakers } from './host-breakers.ts';
import { freeSlots, isCapable, readinessOf, secondsUntilFree, type Host } from './host.ts';
import type { RateBook } from './learned-rates.ts';
import type { CallToPlace, HostOption, PlannedHost } from './plan-grants.ts';
import { urgencyOf, type WaitingCall } from './waiting-call.ts';

/** A waiting call with the hosts that it may use now. */
export interface CallOnOffer extends CallToPlace {
  readonly waiting: WaitingCall;
}

/** Everything that a round of planning looks at. */
export interface FleetView {
  readonly hosts: readonly Host[];
  readonly waiting: ReadonlySet<WaitingCall>;
  readonly rates: RateBook;
  readonly breakers: HostBreakers;
  readonly nowMs: number;
  readonly avoidGraceMs: number;
}

/** False when planning cannot lead to a grant; the quick answer for a full fleet. */
export function hasWorkForFreeSlot(hosts: Iterable<Host>, waiting: ReadonlySet<WaitingCall>): boolean {
  const free = [...hosts].filter((host) => freeSlots(host) > 0);
  if (free.length === 0 || waiting.size === 0) return false;
  const models = new Set<string>();
  for (const call of waiting) models.add(call.model);
  return [...models].some((model) => free.some((host) => isCapable(host, model)));
}

/** Gives every waiting call the hosts that it may use, with what each costs. */
export function offerHosts(view: FleetView): readonly CallOnOffer[] {
  const planned = new Map(view.hosts.map((host) => [host, planHost(host, view.nowMs)]));
  const optionsByModel = new Map<string, readonly HostOption[]>();
  return [...view.waiting].map((waiting) => {
    const options = optionsByModel.get(waiting.model) ?? optionsFor(waiting.model, view, planned);
    optionsByModel.set(waiting.model, options);
    return {
      waiting,
      urgency: urgencyOf(waiting, view.nowMs),
      arrivedSeconds: waiting.arrivedMs / 1000,
      promptTokens: waiting.request.promptTokens,
      completionTokens: waiting.request.completionTokens,
      options: withoutAvoided(options, waiting, view),
    };
  });
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

function optionsFor(model: string, view: FleetView, planned: ReadonlyMap<Host, PlannedHost>): readonly HostOption[] {
  return usableHosts(model, view).flatMap((host) => {
    const plannedHost = planned.get(host);
    return plannedHost === undefined ? [] : [optionOf(host, plannedHost, model, view)];
  });
}

function optionOf(host: Host, plannedHost: PlannedHost, model: string, view: FleetView): HostOption {
  const { mustLoad, readySeconds } = readinessOf(host, model, view.nowMs);
  const speed = view.rates.estimate(host.address.id, model);
  return {
    host: plannedHost,
    promptSecondsPerToken: speed.promptSecondsPerToken,
    completionSecondsPerToken: speed.completionSecondsPerToken,
    mustLoad,
    loadSeconds: mustLoad ? speed.loadSeconds : readySeconds,
    loadPlanned: !mustLoad,
    readyAtSeconds: readySeconds,
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

/** Hosts that failed this call are offered only when there is no other, and then after a while. */
function withoutAvoided(options: readonly HostOption[], call: WaitingCall, view: FleetView): readonly HostOption[] {
  const { avoid } = call.request;
  if (avoid.length === 0) return options;
  const others = options.filter((option) => !avoid.includes(option.host.nodeId));
  if (others.length > 0) return others;
  return view.nowMs - call.arrivedMs >= view.avoidGraceMs ? options : [];
}
