import type { NodeId } from '../../domain/ids.ts';
import { AnswerLengths } from '../../fleet/learning/answer-lengths.ts';
import { RateBook } from '../../fleet/learning/learned-rates.ts';
import { FairShares } from '../../fleet/scheduling/fair-shares.ts';
import { PLAN_WEIGHTS } from '../../fleet/scheduling/plan-grants.ts';
import type { ScenarioKind } from './compare-policies.ts';
import { createHydraPolicy, type HydraVariant } from './hydra-router.ts';
import {
  LEAST_CONNECTIONS,
  LITELLM_LEAST_BUSY,
  PEAK_EWMA,
  RANDOM,
  ROUND_ROBIN,
  SOLLOL,
  WARM_FIRST,
} from './push-policies.ts';
import type { Policy, RouterSurroundings } from './router.ts';

export const HYDRA = createHydraPolicy('Hydra');

export const POLICIES: readonly Policy[] = [
  RANDOM,
  ROUND_ROBIN,
  LEAST_CONNECTIONS,
  LITELLM_LEAST_BUSY,
  WARM_FIRST,
  SOLLOL,
  PEAK_EWMA,
  HYDRA,
];

/** What is compared where nothing fails. */
export const CALM: readonly ScenarioKind[] = [
  { fleet: 'mixed', workload: 'burst' },
  { fleet: 'mixed', workload: 'capped-burst' },
  { fleet: 'mixed', workload: 'fan-out' },
  { fleet: 'mixed', workload: 'shared-prefix' },
  { fleet: 'mixed', workload: 'two-callers' },
  { fleet: 'identical', workload: 'burst' },
  { fleet: 'identical', workload: 'capped-burst' },
  { fleet: 'identical', workload: 'fan-out' },
  { fleet: 'one-big', workload: 'burst' },
  { fleet: 'one-big', workload: 'capped-burst' },
  { fleet: 'one-big', workload: 'fan-out' },
];

/** X1 to X6, on jobs of several stages. */
export const FAULTS: readonly ScenarioKind[] = (
  ['crash', 'freeze', 'truncate', 'slow', 'kill-router', 'return'] as const
).map((fault) => ({ fleet: 'mixed', workload: 'fan-out', fault }));

/** Takes callers at their word. */
class PredictedLengths extends AnswerLengths {
  override expect(_model: string, predictedTokens: number): number {
    return predictedTokens;
  }
}

/** Takes operators at their word. */
class ToldParallelism extends RateBook {
  override credits(_nodeId: NodeId, _model: string, slots: number): number {
    return slots;
  }
}

/** Serves whoever came first. */
class NoShares extends FairShares {
  override layOutTurns(): ReturnType<FairShares['layOutTurns']> {
    return { next: () => 0, take: () => undefined };
  }
}

/** Seconds of waiting weigh so much that nobody is ever passed. */
const FIRST_COME_FIRST_SERVED = 1e6;

/** Older versions of Ollama answered four calls at once unless told otherwise, today's answer one. */
const OVERSTATED = 4;

/** Hydra without one of its terms, or knowing less. The factories make each run learn for itself. */
export const ABLATIONS: readonly Policy[] = [
  HYDRA,
  withoutTerm('without the price of an eviction', () => ({ weights: { ...PLAN_WEIGHTS, eviction: 0 } })),
  withoutTerm('without learned answer lengths', () => ({ lengths: new PredictedLengths() })),
  withoutTerm('nobody is passed by a later call', () => ({
    weights: { ...PLAN_WEIGHTS, waiting: FIRST_COME_FIRST_SERVED },
  })),
  withoutTerm('without fair turns', () => ({ shares: new NoShares() })),
  createHydraPolicy('memory of hosts unknown', { knowsMemory: false }),
  createHydraPolicy('hosts said to have four times their slots', { slotFactor: OVERSTATED }),
  withoutTerm('the same, and believed', ({ clock }) => ({ rates: new ToldParallelism(() => clock.now()) }), {
    slotFactor: OVERSTATED,
  }),
];

/** The scenarios in which the terms show. */
export const ABLATED: readonly ScenarioKind[] = [
  { fleet: 'mixed', workload: 'burst' },
  { fleet: 'mixed', workload: 'capped-burst' },
  { fleet: 'identical', workload: 'capped-burst' },
  { fleet: 'one-big', workload: 'capped-burst' },
  { fleet: 'mixed', workload: 'fan-out' },
  { fleet: 'mixed', workload: 'two-callers' },
];

function withoutTerm(
  name: string,
  createOptions: (surroundings: RouterSurroundings) => NonNullable<HydraVariant['options']>,
  variant: HydraVariant = {},
): Policy {
  const create: Policy['create'] = (surroundings) =>
    createHydraPolicy(name, { ...variant, options: createOptions(surroundings) }).create(surroundings);
  return { name, create };
}
