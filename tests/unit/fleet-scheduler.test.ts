import { describe, expect, test } from 'vitest';

import {
  LEASE_TTL_MS,
  addUpNode,
  createTestScheduler,
  finished,
  leaseOf,
  nodeId,
  request,
  settle,
  track,
  type TrackedCall,
} from './fleet-scheduler-fixture.ts';
import { aResidentModel } from '../support/node-snapshots.ts';

const UNAVAILABLE = { ended: 'unavailable', reason: 'connection refused' } as const;
const neverAborted = new AbortController().signal;

describe('granting at once', () => {
  test('takes a free slot, and counts it', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { tokensPerSecond: 50 });
    expect(scheduler.acquireNow(request())).toMatchObject({ nodeId: 'gpu-1' });
    expect(scheduler.busySlots(nodeId('gpu-1'))).toBe(1);
  });

  test('gives nothing and leaves no waiter where no slot is free', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { tokensPerSecond: 50 });
    scheduler.acquireNow(request());
    expect(scheduler.acquireNow(request())).toBeNull();
    expect(scheduler.waitingCalls()).toBe(0);
  });

  test('never overtakes a call that waits', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { tokensPerSecond: 50 });
    const [running, waiting] = [track(scheduler), track(scheduler, { model: 'other' })];
    await settle();
    scheduler.release(leaseOf(running).leaseId, finished());
    await settle();
    // The slot is free, but somebody waits, if only for another model.
    expect(waiting.lease).toBeNull();
    expect(scheduler.acquireNow(request())).toBeNull();
  });
});

describe('granting', () => {
  test('a free node with the model is granted at once, with its queue and the reason', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { tokensPerSecond: 50 });
    const lease = await scheduler.acquire(request(), neverAborted);
    expect(lease).toMatchObject({ nodeId: 'gpu-1', taskQueue: 'node:gpu-1', why: 'gpu-1: resident, 2.0 s' });
    expect(lease.expectedSeconds).toBeCloseTo(2);
    expect(scheduler.busySlots(nodeId('gpu-1'))).toBe(1);
  });

  test('a node without the model is never granted, and `name` equals `name:latest`', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { models: ['other'] });
    const call = track(scheduler);
    await settle();
    expect(call.endings).toBe(0);
    await addUpNode(scheduler, 'gpu-2', { models: ['coder:latest'] });
    await settle();
    expect(leaseOf(call).nodeId).toBe('gpu-2');
  });

  test('the reason names the alternatives', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { tokensPerSecond: 50, loadSeconds: 8, resident: [] });
    scheduler.observe(nodeId('gpu-1'), { alive: false, problem: null, models: [], residentModels: [] });
    await addUpNode(scheduler, 'gpu-2', { tokensPerSecond: 25 });
    scheduler.observe(nodeId('gpu-1'), { alive: true, problem: null, models: ['coder'], residentModels: [] });
    const lease = await scheduler.acquire(request(), neverAborted);
    expect(lease.why).toBe('gpu-2: resident, 4.0 s; gpu-1: must load, 10.0 s');
  });

  test('waiting calls go to the first slot that is freed, oldest first', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { tokensPerSecond: 50 });
    const calls = [track(scheduler), track(scheduler), track(scheduler)];
    await settle();
    expect(calls.map((call) => call.lease !== null)).toEqual([true, false, false]);
    scheduler.release(leaseOf(calls[0]).leaseId, finished());
    await settle();
    expect(calls.map((call) => call.lease !== null)).toEqual([true, true, false]);
    expect(scheduler.waitingCalls()).toBe(1);
  });

  test('a more urgent call goes first, even when it must load its model', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { models: ['coder', 'planner'], resident: ['coder'] });
    const running = await scheduler.acquire(request(), neverAborted);
    const [patient, urgent] = [track(scheduler, { priority: 2 }), track(scheduler, { priority: 1, model: 'planner' })];
    scheduler.release(running.leaseId, finished());
    await settle();
    expect([leaseOf(urgent).nodeId, patient.lease]).toEqual(['gpu', null]);
  });

  test('a call that has waited long goes before a more urgent one', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1');
    const running = await scheduler.acquire(request(), neverAborted);
    scheduler.claim(running.leaseId);
    const late = track(scheduler, { priority: 5 });
    await clock.advance(8 * 60_000);
    const urgent = track(scheduler, { priority: 1 });
    const idle = track(scheduler, { priority: 5 });
    scheduler.release(running.leaseId, finished());
    await settle();
    scheduler.release(leaseOf(late).leaseId, finished());
    await settle();
    expect(leaseOf(urgent).nodeId).toBe('gpu-1');
    expect(idle.lease).toBeNull();
  });

  test('token counts that are no counts are rejected with field and value', async () => {
    const { scheduler } = createTestScheduler();
    const acquired = scheduler.acquire(request({ promptTokens: Number.NaN }), neverAborted);
    await expect(acquired).rejects.toMatchObject({ type: 'RequestRejected', details: { field: 'promptTokens' } });
    expect(scheduler.waitingCalls()).toBe(0);
  });
});

describe('fast and slow nodes', () => {
  async function fastAndSlow(): Promise<ReturnType<typeof createTestScheduler>> {
    const made = createTestScheduler();
    await addUpNode(made.scheduler, 'slow', { tokensPerSecond: 10 });
    made.scheduler.observe(nodeId('slow'), { alive: false, problem: null, models: [], residentModels: [] });
    await addUpNode(made.scheduler, 'fast', { tokensPerSecond: 100 });
    made.scheduler.observe(nodeId('slow'), {
      alive: true,
      problem: null,
      models: ['coder'],
      residentModels: [aResidentModel('coder')],
    });
    return made;
  }

  test('a call waits for the fast node when that ends sooner than starting on the idle slow one', async () => {
    const { scheduler } = await fastAndSlow();
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    expect(leaseOf(calls[0]).nodeId).toBe('fast');
    expect(calls[1]?.lease).toBeNull();
    expect(scheduler.busySlots(nodeId('slow'))).toBe(0);
  });

  test('a burst goes mostly to the fast node, and the slow one helps while that ends sooner', async () => {
    const { scheduler, clock } = await fastAndSlow();
    const calls = Array.from({ length: 44 }, () => track(scheduler));
    const startedMs = clock.now();
    const counts: Record<string, number> = { fast: 0, slow: 0 };
    const ends = new Map<TrackedCall, number>();
    while (calls.some((call) => !ends.has(call) || (ends.get(call) ?? 0) > clock.now())) {
      await clock.advance(100);
      for (const call of calls.filter((call) => call.lease && !ends.has(call))) {
        const { nodeId, leaseId } = leaseOf(call);
        counts[nodeId] = (counts[nodeId] ?? 0) + 1;
        scheduler.claim(leaseId);
        const speed = nodeId === 'fast' ? 100 : 10;
        ends.set(call, clock.now() + 100_000 / speed);
        clock.setTimer(100_000 / speed, () => scheduler.release(leaseId, finished({ tokensPerSecond: speed })));
      }
    }
    expect(counts).toEqual({ fast: 40, slow: 4 });
    // 44 calls at 1.1 calls a second take 40 s at best; a tenth for looking only every 100 ms.
    expect(clock.now() - startedMs).toBeLessThan(46_000);
  });

  test('when the fast node hangs, the idle slow one takes over', async () => {
    const { scheduler, clock } = await fastAndSlow();
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    scheduler.claim(leaseOf(calls[0]).leaseId);
    await clock.advance(120_000);
    expect(leaseOf(calls[1]).nodeId).toBe('slow');
  });
});

describe('residency', () => {
  test('a model that is not resident is loaded on an idle node rather than queued for behind the one that has it', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'warm', { tokensPerSecond: 10, loadSeconds: 5 });
    const calls = [track(scheduler), track(scheduler), track(scheduler)];
    await settle();
    await addUpNode(scheduler, 'cold', { resident: [] });
    await settle();
    expect(calls.map((call) => call.lease?.nodeId ?? null)).toEqual(['warm', 'cold', null]);
    expect(leaseOf(calls[1]).why).toMatch(/^cold: must load, .*; warm: free in 10.0 s, resident, 20.0 s$/);
  });

  test('the resident model is served first for a while, then the other one gets its load', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { models: ['a', 'b'], tokensPerSecond: 100, loadSeconds: 10, resident: ['a'] });
    const guest = track(scheduler, { model: 'a' });
    await settle();
    const other = track(scheduler, { model: 'b' });
    let running = leaseOf(guest);
    let served = 0;
    for (; other.lease === null && served < 200; served++) {
      const next = track(scheduler, { model: 'a' });
      await clock.advance(1000);
      scheduler.release(running.leaseId, finished());
      await settle();
      running = leaseOf(other.lease ? other : next);
    }
    // A 10 s load that costs another load later may be passed by calls that came up to 160 s later.
    expect(served).toBeGreaterThan(150);
    expect(served).toBeLessThan(170);
  });

  test('what a call has loaded is resident for the next one, before any observation', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { tokensPerSecond: 100, loadSeconds: 10, resident: [] });
    const first = await scheduler.acquire(request(), neverAborted);
    scheduler.release(first.leaseId, finished({ loadSeconds: 10 }));
    expect(first.why).toContain('must load');
    expect((await scheduler.acquire(request(), neverAborted)).why).toBe('gpu: resident, 1.0 s');
  });

  test('load times are learned from loads only', async () => {
    const { scheduler } = createTestScheduler();
    const gpu = await addUpNode(scheduler, 'gpu', { resident: ['coder'] });
    const first = await scheduler.acquire(request(), neverAborted);
    scheduler.release(first.leaseId, finished({ loadSeconds: 0.4 }));
    expect(scheduler.learned(gpu, 'coder')).toMatchObject({ completionTokensPerSecond: 100, loadSeconds: null });
    scheduler.observe(gpu, { alive: true, problem: null, models: ['coder'], residentModels: [] });
    const second = await scheduler.acquire(request(), neverAborted);
    scheduler.release(second.leaseId, finished({ loadSeconds: 6 }));
    expect(scheduler.learned(gpu, 'coder').loadSeconds).toBe(6);
  });

  test('a second slot knows that the load is under way', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { slots: 2, tokensPerSecond: 100, loadSeconds: 10, resident: [] });
    const first = await scheduler.acquire(request(), neverAborted);
    await clock.advance(4000);
    const second = await scheduler.acquire(request(), neverAborted);
    expect(first.expectedSeconds).toBeCloseTo(11);
    expect(second.expectedSeconds).toBeCloseTo(7);
  });
});

describe('leases', () => {
  test('an unclaimed lease expires and frees its slot; a claim after that is refused', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    const calls = [track(scheduler), track(scheduler)];
    await clock.advance(LEASE_TTL_MS - 1);
    expect(calls[1]?.lease).toBeNull();
    await clock.advance(1);
    expect(leaseOf(calls[1]).nodeId).toBe('gpu');
    expect(scheduler.claim(leaseOf(calls[0]).leaseId)).toBe(false);
    expect(scheduler.busySlots(nodeId('gpu'))).toBe(1);
  });

  test('a claimed lease lives until it is released, within the bound for the longest call', async () => {
    const { scheduler, clock } = createTestScheduler({ longestCallMs: 3_600_000 });
    await addUpNode(scheduler, 'gpu');
    const lease = await scheduler.acquire(request(), neverAborted);
    expect([scheduler.claim(lease.leaseId), scheduler.claim(lease.leaseId)]).toEqual([true, true]);
    await clock.advance(3_599_999);
    expect(scheduler.busySlots(nodeId('gpu'))).toBe(1);
    await clock.advance(1);
    expect(scheduler.busySlots(nodeId('gpu'))).toBe(0);
  });

  test('releasing twice, or what never was, changes nothing', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    const calls = [track(scheduler), track(scheduler), track(scheduler)];
    await settle();
    scheduler.release(leaseOf(calls[0]).leaseId, finished());
    scheduler.release(leaseOf(calls[0]).leaseId, UNAVAILABLE);
    scheduler.release('unknown', finished());
    await settle();
    expect(scheduler.busySlots(nodeId('gpu'))).toBe(1);
    expect(scheduler.waitingCalls()).toBe(1);
    expect(scheduler.claim('unknown')).toBe(false);
  });

  test('an abort while waiting removes the call and rejects with its reason', async () => {
    const { scheduler } = createTestScheduler();
    const call = track(scheduler);
    call.controller.abort(new Error('no longer wanted'));
    await settle();
    expect(call.error).toMatchObject({ message: 'no longer wanted' });
    expect(scheduler.waitingCalls()).toBe(0);
  });

  test('a grant that raced an abort is given back to the next call', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    const running = await scheduler.acquire(request(), neverAborted);
    const [aborted, next] = [track(scheduler), track(scheduler)];
    scheduler.release(running.leaseId, finished());
    aborted.controller.abort(new Error('too late'));
    await settle();
    expect(aborted).toMatchObject({ lease: null, error: { message: 'too late' } });
    expect(leaseOf(next).nodeId).toBe('gpu');
    expect(scheduler.busySlots(nodeId('gpu'))).toBe(1);
  });

  test('an already aborted call is not taken in', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    await expect(scheduler.acquire(request(), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(scheduler.busySlots(nodeId('gpu'))).toBe(0);
  });

  test('closing refuses what waits and what comes, and leaves no timer', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu');
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    scheduler.close();
    const late = track(scheduler);
    await settle();
    expect([calls[1]?.error, late.error]).toMatchObject([{ type: 'FleetUnavailable' }, { type: 'FleetUnavailable' }]);
    expect(clock.pendingTimers()).toBe(0);
    scheduler.release(leaseOf(calls[0]).leaseId, finished());
  });
});
