import { createPushPolicy, type HostView, type PushRules } from './push-router.ts';
import type { Draw } from './draw.ts';
import type { BenchCall } from './scenario.ts';

/** Olla polls its hosts every 30 s; taken for those, too, whose rule is not known. */
const POLL_SECONDS = 30;
/** LiteLLM's `cooldown_time`. */
const LITELLM_COOLDOWN_SECONDS = 5;

export const RANDOM = createPushPolicy('random', () => ({
  restSeconds: POLL_SECONDS,
  choose: (_, healthy, __, { draw }) => pickOne(healthy, draw),
}));

export const ROUND_ROBIN = createPushPolicy('round robin', () => {
  let turn = 0;
  return { restSeconds: POLL_SECONDS, choose: (_, healthy) => healthy[turn++ % healthy.length] };
});

/** Olla's default: the fewest open calls; ties at random. */
export const LEAST_CONNECTIONS = createPushPolicy('least connections', () => ({
  restSeconds: POLL_SECONDS,
  choose: (_, healthy, __, { draw }) => pickOne(leastLoaded(healthy), draw),
}));

/**
 * LiteLLM's `least-busy`: the fewest open calls for the model, ties to the first. Its dead-node rule: when the least busy one
 * is cooling down, a healthy one at random. Source: its issues and pull requests, #38746.
 */
export const LITELLM_LEAST_BUSY = createPushPolicy('LiteLLM least-busy', () => ({
  restSeconds: LITELLM_COOLDOWN_SECONDS,
  choose: ({ model }, healthy, all, { draw }) => {
    const chosen = lowest(all, (view) => view.inFlightByModel.get(model) ?? 0);
    return chosen !== undefined && healthy.includes(chosen) ? chosen : pickOne(healthy, draw);
  },
}));

/** Where the model is, or was sent to; the fewest open calls among those. */
export const WARM_FIRST = createPushPolicy('warm first', () => ({
  restSeconds: POLL_SECONDS,
  choose: ({ model }, healthy, _, { draw }) => {
    const warm = healthy.filter(
      ({ host, sentModels }) => sentModels.has(model) || host.residentModels().includes(model),
    );
    return pickOne(leastLoaded(warm.length > 0 ? warm : healthy), draw);
  },
}));

/** SOLLOL's score, the highest wins. */
export const SOLLOL = createPushPolicy('SOLLOL score', () => ({
  restSeconds: POLL_SECONDS,
  choose: (call, healthy) => lowest(healthy, (view) => -sollolScore(call, view)),
}));

/** Two at random, of which the one with the lower product of peak latency and open calls. Source: Finagle's `PeakEwma`. */
export const PEAK_EWMA = createPushPolicy('P2C peak-EWMA', (): PushRules => ({
  restSeconds: POLL_SECONDS,
  choose: (_, healthy, __, { draw }) => {
    const first = pickOne(healthy, draw);
    const second = pickOne(
      healthy.filter((view) => view !== first),
      draw,
    );
    return lowest(
      [first, second].filter((view) => view !== undefined),
      peakCost,
    );
  },
}));

/** What it takes for a remote host, which it cannot see into: 8 GB of free memory, half of the processor busy. */
const SOLLOL_MEMORY_BONUS = 2;
const SOLLOL_LOAD_PENALTY = 1 + 0.5 * 1.5;
/** Its weight of latency at the middle priority. */
const SOLLOL_LATENCY_WEIGHT = 1.5;
const SOLLOL_FIRST_LATENCY_MS = 200;

/** Source: `_score_host_for_context` of SOLLOL's `intelligence.py`, for generation at priority 5. */
function sollolScore({ model }: BenchCall, view: HostView): number {
  const { answered, failed, inFlight } = view;
  const latencyMs = answered === 0 ? SOLLOL_FIRST_LATENCY_MS : view.meanLatencySeconds * 1000;
  const successRate = answered + failed === 0 ? 1 : answered / (answered + failed);
  const latencyPenalty = latencyMs < 200 ? latencyMs / 1000 : latencyMs / 100;
  const resident = view.host.residentModels();
  const warmth = resident.includes(model) ? 1.5 : resident.length > 0 ? 0.95 : 1;
  const base = latencyMs < 1000 ? 1.05 : latencyMs > 5000 ? 1.15 * 1.3 : 1.15;
  const crowding = base ** inFlight * (1 + 0.15 * inFlight);
  return (
    (100 * SOLLOL_MEMORY_BONUS * successRate * warmth) /
    ((1 + latencyPenalty * SOLLOL_LATENCY_WEIGHT) * crowding * SOLLOL_LOAD_PENALTY)
  );
}

/** A host that is busy and has not answered yet is taken last. */
function peakCost({ peak, inFlight }: HostView): number {
  return peak.seconds === 0 && inFlight > 0 ? Number.MAX_SAFE_INTEGER + inFlight : peak.seconds * (inFlight + 1);
}

function leastLoaded(views: readonly HostView[]): readonly HostView[] {
  const least = Math.min(...views.map((view) => view.inFlight));
  return views.filter((view) => view.inFlight === least);
}

function lowest(views: readonly HostView[], costOf: (view: HostView) => number): HostView | undefined {
  let best: HostView | undefined;
  let bestCost = Infinity;
  for (const view of views) {
    const cost = costOf(view);
    if (cost < bestCost) [best, bestCost] = [view, cost];
  }
  return best;
}

function pickOne(views: readonly HostView[], draw: Draw): HostView | undefined {
  return views[Math.floor(draw.fraction() * views.length)];
}
