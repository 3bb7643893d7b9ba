import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';

import { createSystemClock } from '../../fleet/clock.ts';
import type { CallReport } from '../../fleet/scheduler-port.ts';
import {
  addUpNode,
  createTestScheduler,
  finished,
  leaseOf,
  nodeId,
  request,
  settle,
  track,
} from './fleet-scheduler-fixture.ts';
import { createManualClock } from './fleet-manual-clock.ts';

const neverAborted = new AbortController().signal;
const BUSY: CallReport = { ended: 'busy', reason: 'server busy' };

type TestScheduler = ReturnType<typeof createTestScheduler>['scheduler'];

async function end(scheduler: TestScheduler, report: CallReport, values = {}): Promise<string> {
  const lease = await scheduler.acquire(request(values), neverAborted);
  scheduler.release(lease.leaseId, report);
  return lease.nodeId;
}

describe('a host that says it is busy', () => {
  test('gets half as many calls for ten seconds', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { slots: 4 });
    await end(scheduler, BUSY);
    const calls = Array.from({ length: 4 }, () => track(scheduler));
    await clock.advance(9_000);
    expect(scheduler.busySlots(leaseOf(calls[0]).nodeId)).toBe(2);
    await clock.advance(1_500);
    expect(calls.every((call) => call.lease !== null)).toBe(true);
  });

  test('with one slot gets none for ten seconds, and its calls go elsewhere or wait', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    await end(scheduler, BUSY);
    const call = track(scheduler);
    await clock.advance(9_500);
    expect(call.lease).toBeNull();
    await clock.advance(1_000);
    expect(leaseOf(call).nodeId).toBe('gpu');
    expect(leaseOf(call).why).not.toContain('Infinity');
  });

  test('is halved again when it says so again, and never rests: that is no failure', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { slots: 8 });
    for (let round = 0; round < 2; round += 1) await end(scheduler, BUSY);
    const calls = Array.from({ length: 8 }, () => track(scheduler));
    await settle();
    expect(scheduler.busySlots(leaseOf(calls[0]).nodeId)).toBe(2);
    for (const call of calls.slice(0, 2)) scheduler.claim(leaseOf(call).leaseId);
    await clock.advance(10_500);
    expect(scheduler.busySlots(leaseOf(calls[0]).nodeId)).toBe(8);
  });
});

test('when every host rests, breakers are ignored: the call is tried at once, not after all rests', async () => {
  const { scheduler } = createTestScheduler();
  for (const name of ['a', 'b', 'c']) {
    const id = await addUpNode(scheduler, name);
    for (let failure = 0; failure < 3; failure += 1) await end(scheduler, { ended: 'unavailable', reason: 'reset' });
    scheduler.setDraining(id, true);
  }
  for (const name of ['a', 'b', 'c']) scheduler.setDraining(nodeId(name), false);
  const calls = [track(scheduler), track(scheduler), track(scheduler)];
  await settle();
  expect(new Set(calls.map((call) => leaseOf(call).nodeId)).size).toBe(3);
});

describe('a model that fails on a host that is well', () => {
  test('rests there alone, and trials of the host go on', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'a', { models: ['coder', 'other'], slots: 1 });
    for (let failure = 0; failure < 3; failure += 1) {
      await end(scheduler, { ended: 'model_unavailable', reason: 'no first token' });
    }
    await addUpNode(scheduler, 'b', { models: ['coder'], slots: 1 });
    const [coder, other] = [track(scheduler), track(scheduler, { model: 'other' })];
    await settle();
    expect([leaseOf(coder).nodeId, leaseOf(other).nodeId]).toEqual(['b', 'a']);
  });
});

describe('a model that does not fit into the memory of a host', () => {
  const tooLarge: CallReport = { ended: 'out_of_memory', contextTokens: 8192 };

  test('goes to other hosts with this context or a larger one, and there with a smaller one', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'small', { slots: 3 });
    await end(scheduler, tooLarge);
    await addUpNode(scheduler, 'big', { slots: 1 });
    expect(await end(scheduler, finished())).toBe('big');
    expect(await end(scheduler, finished(), { contextTokens: 16_384 })).toBe('big');
    const [large, short] = [track(scheduler), track(scheduler, { contextTokens: 4096 })];
    await settle();
    expect([leaseOf(large).nodeId, leaseOf(short).nodeId]).toEqual(['big', 'small']);
  });

  test('and fits nowhere else: calls are refused at once, those that wait as well, with what is the matter', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    const running = await scheduler.acquire(request(), neverAborted);
    const waiting = track(scheduler);
    scheduler.release(running.leaseId, tooLarge);
    await settle();
    expect(waiting.error).toMatchObject({ type: 'OutOfMemory', details: { model: 'coder', contextTokens: 8192 } });
    expect(waiting.endings).toBe(1);
    await expect(scheduler.acquire(request(), neverAborted)).rejects.toMatchObject({ type: 'OutOfMemory' });
    expect(scheduler.acquireNow(request())).toBeNull();
    expect((await scheduler.acquire(request({ contextTokens: 4096 }), neverAborted)).nodeId).toBe('gpu');
  });

  test('is waited for while the only host is down, and tried again when ten minutes have passed', async () => {
    const { scheduler, clock } = createTestScheduler();
    const gpu = await addUpNode(scheduler, 'gpu');
    await end(scheduler, tooLarge);
    scheduler.observe(gpu, { alive: false, problem: 'gone', models: [], residentModels: [] });
    const waiting = track(scheduler);
    await settle();
    expect(waiting.endings).toBe(0);
    await addUpNode(scheduler, 'gpu');
    await settle();
    expect(waiting.error).toMatchObject({ type: 'OutOfMemory' });
    await expect(scheduler.acquire(request(), neverAborted)).rejects.toMatchObject({ type: 'OutOfMemory' });
    await clock.advance(10 * 60_000 + 1);
    expect((await scheduler.acquire(request(), neverAborted)).nodeId).toBe('gpu');
  });
});

describe('what a lease says of its call', () => {
  test('are the learned times, and how much they rest on', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { tokensPerSecond: 50, loadSeconds: 12 });
    const { prediction } = await scheduler.acquire(request({ promptTokens: 1_000 }), neverAborted);
    expect(prediction.completionTokensPerSecond).toBeCloseTo(50);
    expect(prediction.promptSeconds).toBeCloseTo(2);
    expect(prediction.loadSeconds).toBeCloseTo(12);
    expect(prediction.samples).toBeGreaterThan(0);
  });

  test('is that nothing was learned where nothing was', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    expect((await scheduler.acquire(request(), neverAborted)).prediction).toMatchObject({
      loadSeconds: null,
      samples: 0,
    });
  });
});

describe('a clock that jumps', () => {
  /** A clock whose time of day is set to anything while its timers go on. */
  function createJumpingClock() {
    const inner = createManualClock();
    let offsetMs = 0;
    const jump = (byMs: number): void => {
      offsetMs += byMs;
    };
    return { ...inner, now: () => inner.now() + offsetMs, jump };
  }

  const REPORTS: readonly CallReport[] = [
    finished(),
    { ended: 'unavailable', reason: 'reset' },
    { ended: 'model_unavailable', reason: 'no first token' },
    { ended: 'neutral' },
    BUSY,
  ];

  test('forwards and backwards by days breaks no rule, and every call is still served', async () => {
    const step = fc.record({
      jumpMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
      waitMs: fc.integer({ min: 0, max: 5_000 }),
      report: fc.constantFrom(...REPORTS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const clock = createJumpingClock();
        const { scheduler } = createTestScheduler({ clock });
        await addUpNode(scheduler, 'a');
        await addUpNode(scheduler, 'b');
        for (const { jumpMs, waitMs, report } of steps) {
          const call = track(scheduler);
          clock.jump(jumpMs);
          for (let waited = 0; call.lease === null && waited < 600; waited += 1) await clock.advance(1_000);
          expect(scheduler.claim(leaseOf(call).leaseId)).toBe(true);
          await clock.advance(waitMs);
          scheduler.release(leaseOf(call).leaseId, report);
        }
        expect(scheduler.waitingCalls()).toBe(0);
        scheduler.close();
      }),
      { numRuns: 60 },
    );
  });

  test('backwards by hours leaves no host resting for hours', async () => {
    const clock = createJumpingClock();
    const { scheduler } = createTestScheduler({ clock });
    await addUpNode(scheduler, 'bad');
    for (let failure = 0; failure < 3; failure += 1) await end(scheduler, { ended: 'unavailable', reason: 'reset' });
    await addUpNode(scheduler, 'good');
    clock.jump(-6 * 3_600_000);
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    for (const call of calls) if (call.lease) scheduler.claim(call.lease.leaseId);
    expect(calls.map((call) => call.lease?.nodeId ?? null)).toEqual(['good', null]);
    await clock.advance(7_000);
    expect(leaseOf(calls[1]).nodeId).toBe('bad');
  });

  test('does not reach the decisions of a running service: its clock is no clock of the day', () => {
    const clock = createSystemClock();
    const before = clock.now();
    vi.useFakeTimers({ toFake: ['Date'], now: before + 86_400_000 });
    expect(clock.now() - before).toBeLessThan(10_000);
    vi.setSystemTime(before - 86_400_000);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    vi.useRealTimers();
  });
});
