import { performance } from 'node:perf_hooks';
import { mean, quantile } from '../statistics.ts';

/** How long single calls took, one after another. */
export interface Timing {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A call that is timed; the number rises over all rounds. */
export type TimedCall = (index: number) => unknown;

/** Times two sides that take turns, round by round, each with one call at a time. A first round of each is not counted. */
export async function takeTurns(
  sides: readonly [TimedCall, TimedCall],
  { rounds, calls }: { readonly rounds: number; readonly calls: number },
): Promise<readonly [Timing, Timing]> {
  const times: readonly [number[], number[]] = [[], []];
  let index = 0;
  for (let round = -1; round < rounds; round += 1) {
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const side of order) {
      const taken = await timeCalls(sides[side], index, calls);
      if (round >= 0) times[side].push(...taken);
    }
    index += calls;
  }
  return [toTiming(times[0]), toTiming(times[1])];
}

/** The milliseconds of each call. */
export async function timeCalls(call: TimedCall, first: number, count: number): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let index = first; index < first + count; index += 1) {
    const startedAt = performance.now();
    await call(index);
    taken.push(performance.now() - startedAt);
  }
  return taken;
}

export function toTiming(timesMs: readonly number[]): Timing {
  return {
    perSecond: 1000 / mean(timesMs),
    p50Ms: quantile(timesMs, 0.5),
    p99Ms: quantile(timesMs, 0.99),
    maxMs: Math.max(...timesMs),
  };
}
