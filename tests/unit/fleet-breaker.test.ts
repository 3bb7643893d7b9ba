import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  CLOSED_BREAKER,
  abandonTrial,
  beginCall,
  breakerAt,
  permitsCall,
  recordFailure,
  recordSuccess,
  type Breaker,
} from '../../fleet/health/breaker.ts';

/** No jitter. */
const MIDDLE = 0.5;

function failTimes(breaker: Breaker, count: number, nowMs: number): Breaker {
  return Array.from({ length: count }).reduce<Breaker>((state) => recordFailure(state, nowMs, MIDDLE), breaker);
}

describe('a breaker', () => {
  test('opens at the third failure in a row, and a success between them starts the count anew', () => {
    const almost = failTimes(CLOSED_BREAKER, 2, 0);
    expect(almost.state).toBe('closed');
    expect(recordFailure(almost, 0, MIDDLE)).toMatchObject({ state: 'open', untilMs: 5000 });
    expect(failTimes(recordSuccess(almost, 0), 1, 0).state).toBe('closed');
  });

  test('opens when half of at least five calls within a minute failed', () => {
    const results = [true, false, true, false];
    const mixed = results.reduce<Breaker>(
      (state, failed) => (failed ? recordFailure(state, 0, MIDDLE) : recordSuccess(state, 0)),
      CLOSED_BREAKER,
    );
    expect(mixed.state).toBe('closed');
    expect(recordFailure(mixed, 59_000, MIDDLE).state).toBe('open');
    expect(recordFailure(mixed, 61_000, MIDDLE).state).toBe('closed');
  });

  test('lets one call through when its rest is over', () => {
    const open = failTimes(CLOSED_BREAKER, 3, 0);
    expect([permitsCall(open, 4999), permitsCall(open, 5000)]).toEqual([false, true]);
    const { breaker, trialSinceMs } = beginCall(open, 5000);
    expect(trialSinceMs).toBe(5000);
    expect(permitsCall(breaker, 5000)).toBe(false);
    expect(beginCall(breaker, 5001).trialSinceMs).toBeNull();
    expect(permitsCall(abandonTrial(breaker, 5000), 5000)).toBe(true);
    expect(permitsCall(abandonTrial(breaker, 1), 5000)).toBe(false);
  });

  test('closes when two trials succeed and rests twice as long, up to a minute, when it fails', () => {
    let breaker = failTimes(CLOSED_BREAKER, 3, 0);
    const proven = abandonTrial(recordSuccess(beginCall(breaker, 5000).breaker, 6000), 5000);
    expect([proven.state, permitsCall(proven, 6000)]).toEqual(['half-open', true]);
    expect(recordSuccess(beginCall(proven, 6000).breaker, 7000)).toEqual(CLOSED_BREAKER);
    expect(recordFailure(beginCall(proven, 6000).breaker, 7000, MIDDLE)).toMatchObject({
      state: 'open',
      restMs: 10_000,
    });
    const rests: number[] = [];
    for (let trial = 0; trial < 6 && breaker.state === 'open'; trial++) {
      rests.push(breaker.restMs);
      breaker = recordFailure(beginCall(breaker, breaker.untilMs).breaker, breaker.untilMs, MIDDLE);
    }
    expect(rests).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('varies its rests by a quarter', () => {
    const almost = failTimes(CLOSED_BREAKER, 2, 0);
    expect([0, 1].map((random) => recordFailure(almost, 0, random))).toMatchObject([
      { untilMs: 3750 },
      { untilMs: 6250 },
    ]);
  });

  test('is not moved by late failures while it rests, and late successes count as trials', () => {
    const open = failTimes(CLOSED_BREAKER, 3, 0);
    expect(recordFailure(open, 1000, MIDDLE)).toEqual(open);
    expect(recordSuccess(open, 1000)).toMatchObject({ state: 'half-open', trialSinceMs: null });
    expect(recordSuccess(recordSuccess(open, 1000), 1001)).toEqual(CLOSED_BREAKER);
    const { breaker: onTrial } = beginCall(open, 5000);
    expect(recordSuccess(onTrial, 6000)).toMatchObject({ trialSinceMs: 5000 });
  });

  test('keeps its invariants under any sequence, and always lets a call through again', () => {
    const step = fc.record({
      event: fc.constantFrom('begin', 'success', 'failure', 'abandon'),
      waitMs: fc.integer({ min: 0, max: 30_000 }),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let breaker: Breaker = CLOSED_BREAKER;
        let nowMs = 0;
        let trialSinceMs: number | null = null;
        for (const { event, waitMs, random } of steps) {
          nowMs += waitMs;
          if (event === 'begin') ({ breaker, trialSinceMs } = beginCall(breaker, nowMs));
          if (event === 'success') breaker = recordSuccess(breaker, nowMs);
          if (event === 'failure') breaker = recordFailure(breaker, nowMs, random);
          if (event === 'abandon' && trialSinceMs !== null) breaker = abandonTrial(breaker, trialSinceMs);
        }
        const later = breakerAt(breaker, nowMs + 75_000);
        const stuckOnTrial = later.state === 'half-open' && later.trialSinceMs !== null;
        expect(permitsCall(later, nowMs + 75_000) || stuckOnTrial).toBe(true);
      }),
    );
  });
});
