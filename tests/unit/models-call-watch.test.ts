import { describe, expect, test, vi } from 'vitest';

import { SynthesisFailure } from '../../domain/failure.ts';
import { watchCall, type AskForLife, type CallWatch } from '../../models/call-watch.ts';

const LONG = { firstTokenMs: 100_000, idleMs: 100_000, totalMs: 200_000 };
const never = new AbortController().signal;

/** A host that answers, is silent until the time is up, or answers with an error. */
function aHost(): { mood: 'well' | 'frozen' | 'failing'; asked: number; ask: AskForLife } {
  const host = {
    mood: 'well' as 'well' | 'frozen' | 'failing',
    asked: 0,
    async ask(timeoutMs: number): Promise<void> {
      host.asked += 1;
      if (host.mood === 'failing') throw new SynthesisFailure('NodeUnavailable', '500', { kind: 'server_error' });
      if (host.mood === 'well') return;
      await new Promise((resolve) => setTimeout(resolve, timeoutMs));
      throw new SynthesisFailure('NodeUnavailable', 'no answer', { kind: 'timeout' });
    },
  };
  return host;
}

/** Milliseconds until the watch has ended the call. */
async function endOf(watch: CallWatch): Promise<number> {
  const startedMs = performance.now();
  while (!watch.signal.aborted && performance.now() - startedMs < 60_000) await vi.advanceTimersByTimeAsync(50);
  return performance.now() - startedMs;
}

async function withFakeTime(test: () => Promise<void>): Promise<void> {
  vi.useFakeTimers();
  try {
    await test();
  } finally {
    vi.useRealTimers();
  }
}

describe('a host that freezes', () => {
  test('before the first token is noticed within 10 seconds, long before the deadline of a load', () =>
    withFakeTime(async () => {
      const host = aHost();
      host.mood = 'frozen';
      const watch = watchCall(LONG, never, host.ask);
      expect(await endOf(watch)).toBeLessThan(10_000);
      expect(watch.expired()).toBe('silent');
    }));

  test('in the middle of an answer is noticed within 5 seconds', () =>
    withFakeTime(async () => {
      const host = aHost();
      const watch = watchCall(LONG, never, host.ask);
      watch.noteArrival();
      host.mood = 'frozen';
      expect(await endOf(watch)).toBeLessThan(5_000);
      expect(watch.expired()).toBe('silent');
    }));

  test('after it has loaded for a while is noticed all the same', () =>
    withFakeTime(async () => {
      const host = aHost();
      const watch = watchCall(LONG, never, host.ask);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(watch.signal.aborted).toBe(false);
      host.mood = 'frozen';
      expect(await endOf(watch)).toBeLessThan(12_000);
    }));
});

describe('a host that is silent and lives', () => {
  test.each(['well', 'failing'] as const)('may load for as long as the deadline says when it is %s', (mood) =>
    withFakeTime(async () => {
      const host = aHost();
      host.mood = mood;
      const watch = watchCall({ ...LONG, firstTokenMs: 50_000 }, never, host.ask);
      await vi.advanceTimersByTimeAsync(49_000);
      expect(watch.signal.aborted).toBe(false);
      expect(host.asked).toBeGreaterThan(5);
      await endOf(watch);
      expect(watch.expired()).toBe('first_token');
    }),
  );

  test('in the middle of an answer loses the call at the idle deadline', () =>
    withFakeTime(async () => {
      const host = aHost();
      const watch = watchCall({ ...LONG, idleMs: 9_000 }, never, host.ask);
      watch.noteArrival();
      expect(await endOf(watch)).toBeGreaterThanOrEqual(9_000);
      expect(watch.expired()).toBe('idle');
    }));
});

test('a host that sends tokens is not asked, and not after the call is over', () =>
  withFakeTime(async () => {
    const host = aHost();
    const watch = watchCall(LONG, never, host.ask);
    for (let token = 0; token < 50; token += 1) {
      watch.noteArrival();
      await vi.advanceTimersByTimeAsync(300);
    }
    watch.complete();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(host.asked).toBe(0);
  }));

test('time in which this process stood still is not held against the host', async () => {
  const watch = watchCall({ ...LONG, idleMs: 200 }, never);
  watch.noteArrival();
  const wokenMs = performance.now() + 1_500;
  while (performance.now() < wokenMs);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(watch.signal.aborted).toBe(false);
  await vi.waitFor(() => expect(watch.expired()).toBe('idle'), { timeout: 10_000 });
});
