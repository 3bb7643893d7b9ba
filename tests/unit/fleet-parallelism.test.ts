import { array, assert, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { creditsOf, learnParallelism, type Parallelism, type SlotSample } from '../../fleet/learning/parallelism.ts';

function sample(change: Partial<SlotSample> = {}): SlotSample {
  return { slots: 4, running: 1, slotWaitMs: 5, totalMs: 3_000, completionTokens: 100, decodeMs: 2_000, ...change };
}

/**
 * A host that runs `real` calls at once, each at full speed, and lets others wait unseen; it always has as many calls as
 * it gets credits for. Gives the credits after each call.
 */
function creditsOver(calls: number, real: number, slots: number, known: Parallelism | null = null): number[] {
  const credits: number[] = [];
  let now = known;
  for (let count = 0; count < calls; count += 1) {
    const running = creditsOf(now, slots);
    // Of those that run over the real number, the last to come waits for a whole call.
    const slotWaitMs = running > real ? 2_000 : 10;
    now = learnParallelism(now, sample({ slots, running, slotWaitMs, totalMs: 3_000 + slotWaitMs }));
    credits.push(creditsOf(now, slots));
  }
  return credits;
}

describe('how many calls a host runs at once', () => {
  test('is what the operator says, while nothing else was seen', () => {
    expect(creditsOf(null, 3)).toBe(3);
    expect(creditsOver(50, 4, 4)).toEqual(Array(50).fill(4));
  });

  test.each([
    [4, 1],
    [8, 1],
    [8, 3],
  ])('of %d slots, with %d real ones, is found out within as many waits as there are too many', (slots, real) => {
    expect(creditsOver(slots - real, real, slots).at(-1)).toBe(real);
  });

  test('is tried again, ever more seldom: a wrong setting costs less and less', () => {
    const credits = creditsOver(400, 2, 4);
    const tries = credits.flatMap((given, index) => (given > 2 && index > 1 ? [index] : []));
    expect(tries.length).toBeLessThan(12);
    const pauses = tries.slice(1).map((index, place) => index - (tries[place] ?? 0));
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeGreaterThan((pauses[0] ?? 0) * 1.5);
  });

  test('grows again when the host runs more than before', () => {
    let known: Parallelism | null = null;
    for (let count = 0; count < 6; count += 1) {
      known = learnParallelism(known, sample({ running: creditsOf(known, 4), slotWaitMs: 2_000 }));
    }
    expect(creditsOf(known, 4)).toBe(1);
    expect(creditsOver(400, 4, 4, known).at(-1)).toBe(4);
  });

  test('is one less where one more at once brings no more tokens', () => {
    let known: Parallelism | null = null;
    // A processor: two at once are each half as fast.
    const decodeMs = (running: number): number => 2_000 * running;
    for (let count = 0; count < 3; count += 1) known = learnParallelism(known, sample({ slots: 2, running: 1 }));
    for (let count = 0; count < 3; count += 1) {
      known = learnParallelism(known, sample({ slots: 2, running: 2, decodeMs: decodeMs(2) }));
    }
    expect(creditsOf(known, 2)).toBe(1);
  });

  test('is not doubted because of a wait of a call that ran alone, or of the usual overhead', () => {
    const alone = learnParallelism(null, sample({ running: 1, slotWaitMs: 5_000 }));
    expect(creditsOf(alone, 4)).toBe(4);
    const overhead = learnParallelism(null, sample({ running: 4, slotWaitMs: 190 }));
    expect(creditsOf(overhead, 4)).toBe(4);
    const longCall = learnParallelism(null, sample({ running: 4, slotWaitMs: 1_000, totalMs: 100_000 }));
    expect(creditsOf(longCall, 4)).toBe(4);
  });

  test('keeps within one and the slots that the operator says now, whatever was seen', () => {
    const samples = array(
      record({
        slots: integer({ min: 1, max: 8 }),
        running: integer({ min: 1, max: 10 }),
        slotWaitMs: integer({ min: -500, max: 10_000 }),
        totalMs: integer({ min: 0, max: 20_000 }),
        completionTokens: integer({ min: 0, max: 500 }),
        decodeMs: integer({ min: 0, max: 10_000 }),
      }),
    );
    assert(
      property(samples, (seen) => {
        let known: Parallelism | null = null;
        for (const one of seen) {
          known = learnParallelism(known, one);
          const credits = creditsOf(known, one.slots);
          expect(credits).toBeGreaterThanOrEqual(1);
          expect(credits).toBeLessThanOrEqual(one.slots);
          expect(known.throughput.every(Number.isFinite)).toBe(true);
        }
      }),
    );
  });
});
