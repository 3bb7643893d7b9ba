import { describe, expect, test } from 'vitest';

import { speedOf } from '../../fleet/learning/model-record.ts';
import { learnPromptRate, type PromptRate } from '../../fleet/learning/prompt-rate.ts';

const NOTHING: PromptRate = { cachedPrompts: 0 };
const FRESH = 500;
const CACHED = 20_000;

/** Learns from prompts of 2000 tokens, read at these speeds. */
function learn(speeds: readonly number[], tokens = 2_000, known: PromptRate = NOTHING): PromptRate {
  return speeds.reduce((rate, speed, nowMs) => learnPromptRate(rate, tokens, (tokens * 1000) / speed, nowMs), known);
}

function learned(speeds: readonly number[]): number {
  return speedOf(learn(speeds).prompt) ?? NaN;
}

const times = (count: number, speed: number): number[] => Array<number>(count).fill(speed);

describe('the speed of reading prompts', () => {
  test('is not raised by prompts that the host knew already', () => {
    expect(learned([FRESH, ...times(7, CACHED), FRESH, ...times(7, CACHED)])).toBeCloseTo(FRESH);
  });

  test('is corrected by the first new prompt when the host knew those before', () => {
    expect(learned([CACHED, CACHED, FRESH])).toBeCloseTo(FRESH);
  });

  test('follows a host that has become faster for good', () => {
    expect(learned([FRESH, ...times(19, CACHED)])).toBeCloseTo(FRESH);
    expect(learned([FRESH, ...times(20, CACHED)])).toBeCloseTo(CACHED);
  });

  test('follows usual changes at the pace of the samples', () => {
    const speed = learned([...times(20, FRESH), ...times(20, FRESH * 2)]);
    expect(speed).toBeGreaterThan(FRESH);
    expect(speed).toBeLessThan(FRESH * 2);
  });

  test('is not reset by a short prompt, whose fixed effort hides it', () => {
    const rate = learn([10], 20, learn(times(10, FRESH)));
    expect(speedOf(rate.prompt)).toBeGreaterThan(FRESH / 2);
  });

  test('is not taught by prompts without tokens or time', () => {
    expect(learnPromptRate(NOTHING, 0, 100, 0).prompt).toBeUndefined();
    expect(learnPromptRate(learn([FRESH]), 2_000, 0, 1)).toMatchObject({ prompt: learn([FRESH]).prompt });
  });
});
