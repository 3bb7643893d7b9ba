import { describe, expect, test } from 'vitest';

import { deadlinesOf, type CallToTime } from '../../fleet/scheduling/call-deadlines.ts';

const SETTINGS = { firstTokenMs: 300_000, idleMs: 60_000, totalMs: 1_320_000 };
const LEARNED = { loadSeconds: 20, promptSeconds: 4, completionTokensPerSecond: 40, samples: 12 };

function call(change: Partial<CallToTime['prediction']> = {}, more: Partial<CallToTime> = {}): CallToTime {
  return { prediction: { ...LEARNED, ...change }, promptTokens: 1_000, maxTokens: 2_000, slots: 1, ...more };
}

describe('the deadlines of a call', () => {
  test('are those of the settings while too little was learned', () => {
    expect(deadlinesOf(call({ samples: 2 }), SETTINGS)).toEqual(SETTINGS);
  });

  test('are multiples of what was learned: load and prompt, token by token, the longest answer', () => {
    expect(deadlinesOf(call(), SETTINGS)).toEqual({ firstTokenMs: 72_000, idleMs: 3_000, totalMs: 222_000 });
    expect(deadlinesOf(call({ completionTokensPerSecond: 2 }), SETTINGS).idleMs).toBe(10_000);
  });

  test('leave a load alone whose time was never measured', () => {
    expect(deadlinesOf(call({ loadSeconds: null }), SETTINGS).firstTokenMs).toBe(300_000);
  });

  test('never fall so low that a hiccup ends a call on a fast host', () => {
    const fast = { loadSeconds: 0.2, promptSeconds: 0.01, completionTokensPerSecond: 5_000 };
    expect(deadlinesOf(call(fast), SETTINGS)).toEqual({ firstTokenMs: 30_000, idleMs: 3_000, totalMs: 60_000 });
  });

  test('leave time for the prompts of others where a host works on several calls', () => {
    const slow = { promptSeconds: 20 };
    expect(deadlinesOf(call(slow, { slots: 2 }), SETTINGS).idleMs).toBe(30_720);
    expect(deadlinesOf(call(slow), SETTINGS).idleMs).toBe(3_000);
  });

  test('never go beyond the settings, which may be shorter than the shortest', () => {
    const strict = { firstTokenMs: 2_000, idleMs: 1_000, totalMs: 5_000 };
    expect(deadlinesOf(call(), strict)).toEqual(strict);
    const crawling = { loadSeconds: 4_000, promptSeconds: 900, completionTokensPerSecond: 0.01 };
    expect(deadlinesOf(call(crawling), SETTINGS)).toEqual(SETTINGS);
  });
});
