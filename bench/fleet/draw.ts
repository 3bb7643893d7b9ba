import { createRandom } from '../../languages/seeded-random.ts';

/** Draws numbers from the distributions that workloads are made of. Determinism: the seed gives the same draws. */
export interface Draw {
  /** From 0 up to, not including, 1. */
  fraction(): number;
  /** A value whose logarithm is normal around that of `median`; answers of language models spread so. */
  logNormal(median: number, sigma: number): number;
  /** The time to the next of events that come independently, `mean` apart. */
  exponential(mean: number): number;
  pick<Value>(weighted: readonly (readonly [Value, number])[]): Value;
}

/** As fine as the generator is. */
const STEPS = 2 ** 32 - 1;

export function createDraw(seed: number): Draw {
  const random = createRandom(seed);
  const fraction = (): number => random(STEPS) / STEPS;
  return {
    fraction,
    logNormal: (median, sigma) => median * Math.exp(sigma * normal(fraction)),
    exponential: (mean) => -mean * Math.log(1 - fraction()),
    pick: (weighted) => pick(weighted, fraction()),
  };
}

/** Box-Muller. */
function normal(fraction: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction());
}

function pick<Value>(weighted: readonly (readonly [Value, number])[], fraction: number): Value {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  let rest = fraction * total;
  for (const [value, weight] of weighted) {
    rest -= weight;
    if (rest < 0) return value;
  }
  throw new Error('pick needs values with weights above zero');
}
