import { describe, expect, test } from 'vitest';

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
import { aResidentModel } from '../support/node-snapshots.ts';

const UNAVAILABLE = { ended: 'unavailable', reason: 'connection refused' } as const;
const DOWN = { alive: false, problem: 'no answer', models: [], residentModels: [] };
const UP = { alive: true, problem: null, models: ['coder'], residentModels: [aResidentModel('coder')] };
const neverAborted = new AbortController().signal;

type TestScheduler = ReturnType<typeof createTestScheduler>['scheduler'];

/** Three calls in a row fail on the node, which must be the only one that is up. */
async function failThreeTimes(scheduler: TestScheduler): Promise<void> {
  for (let failure = 0; failure < 3; failure++) {
    const lease = await scheduler.acquire(request(), neverAborted);
    scheduler.release(lease.leaseId, UNAVAILABLE);
  }
}

describe('nodes that go', () => {
  test('calls wait while all nodes are down and start when one is up', async () => {
    const { scheduler } = createTestScheduler();
    const gpu1 = await addUpNode(scheduler, 'gpu-1');
    const gpu2 = await addUpNode(scheduler, 'gpu-2');
    scheduler.observe(gpu1, DOWN);
    scheduler.observe(gpu2, DOWN);
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    expect(scheduler.waitingCalls()).toBe(2);
    scheduler.observe(gpu2, UP);
    await settle();
    expect(calls.map((call) => call.lease?.nodeId ?? null)).toEqual(['gpu-2', null]);
  });

  test('a removed node finishes its call and gets no other; its waiters go on waiting for the rest', async () => {
    const { scheduler } = createTestScheduler();
    const gpu1 = await addUpNode(scheduler, 'gpu-1');
    const [running, waiting] = [track(scheduler), track(scheduler)];
    await settle();
    scheduler.removeNode(gpu1);
    scheduler.observe(gpu1, UP);
    expect(scheduler.busySlots(gpu1)).toBe(1);
    expect(scheduler.claim(leaseOf(running).leaseId)).toBe(true);
    scheduler.release(leaseOf(running).leaseId, finished());
    await settle();
    expect(waiting.endings).toBe(0);
    await addUpNode(scheduler, 'gpu-2');
    await settle();
    expect(leaseOf(waiting).nodeId).toBe('gpu-2');
  });

  test('a node that is removed and added again still counts the call that runs on it', async () => {
    const { scheduler } = createTestScheduler();
    const gpu = await addUpNode(scheduler, 'gpu');
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    scheduler.removeNode(gpu);
    await addUpNode(scheduler, 'gpu');
    await settle();
    expect(scheduler.busySlots(gpu)).toBe(1);
    expect(calls[1]?.lease).toBeNull();
  });

  test('a missing model rests only that model on that node, until the next observation', async () => {
    const { scheduler } = createTestScheduler();
    const gpu = await addUpNode(scheduler, 'gpu', { models: ['coder', 'other'] });
    const lease = await scheduler.acquire(request(), neverAborted);
    scheduler.release(lease.leaseId, { ended: 'model_missing' });
    const [coder, other] = [track(scheduler), track(scheduler, { model: 'other' })];
    await settle();
    expect([coder.lease, leaseOf(other).nodeId]).toEqual([null, 'gpu']);
    scheduler.release(leaseOf(other).leaseId, finished());
    scheduler.observe(gpu, UP);
    await settle();
    expect(leaseOf(coder).nodeId).toBe('gpu');
  });
});

describe('avoided nodes', () => {
  test('another capable node is taken, even a busy one', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1');
    const running = await scheduler.acquire(request(), neverAborted);
    const gpu2 = await addUpNode(scheduler, 'gpu-2');
    const call = track(scheduler, { avoid: [gpu2] });
    await settle();
    expect(call.lease).toBeNull();
    scheduler.release(running.leaseId, finished());
    await settle();
    expect(leaseOf(call).nodeId).toBe('gpu-1');
  });

  test('the avoided node is used after a while when there is no other', async () => {
    const { scheduler, clock } = createTestScheduler({ avoidGraceMs: 4000 });
    const gpu = await addUpNode(scheduler, 'gpu');
    const call = track(scheduler, { avoid: [gpu] });
    await clock.advance(3900);
    expect(call.lease).toBeNull();
    await clock.advance(600);
    expect(leaseOf(call).nodeId).toBe('gpu');
  });
});

describe('breakers', () => {
  test('a node that failed three times in a row rests while others work, then gets one call to prove itself', async () => {
    const { scheduler, clock } = createTestScheduler();
    const bad = await addUpNode(scheduler, 'bad', { slots: 2 });
    await failThreeTimes(scheduler);
    await addUpNode(scheduler, 'good', { slots: 2 });
    const calls = [track(scheduler), track(scheduler), track(scheduler), track(scheduler)];
    await settle();
    expect(calls.map((call) => call.lease?.nodeId ?? null)).toEqual(['good', 'good', null, null]);
    await clock.advance(5500);
    expect(calls.map((call) => call.lease?.nodeId ?? null)).toEqual(['good', 'good', 'bad', null]);
    scheduler.release(leaseOf(calls[2]).leaseId, finished());
    await settle();
    expect(leaseOf(calls[3]).nodeId).toBe('bad');
    expect(scheduler.busySlots(bad)).toBe(1);
  });

  test('when more than half of the capacity rests, breakers are ignored', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'bad', { slots: 3 });
    await failThreeTimes(scheduler);
    await addUpNode(scheduler, 'good', { slots: 2 });
    const calls = Array.from({ length: 5 }, () => track(scheduler));
    await settle();
    expect(calls.filter((call) => call.lease?.nodeId === 'bad')).toHaveLength(3);
  });

  test('a node that was down and is back starts afresh', async () => {
    const { scheduler } = createTestScheduler();
    const bad = await addUpNode(scheduler, 'bad');
    await failThreeTimes(scheduler);
    await addUpNode(scheduler, 'good');
    scheduler.observe(bad, DOWN);
    scheduler.observe(bad, UP);
    const calls = [track(scheduler), track(scheduler)];
    await settle();
    expect(new Set(calls.map((call) => call.lease?.nodeId))).toEqual(new Set(['bad', 'good']));
  });

  test('an unclaimed trial makes room for another one', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'bad');
    await failThreeTimes(scheduler);
    await addUpNode(scheduler, 'good');
    const busy = await scheduler.acquire(request(), neverAborted);
    scheduler.claim(busy.leaseId);
    const [trial, next] = [track(scheduler), track(scheduler)];
    await clock.advance(5500);
    expect([leaseOf(trial).nodeId, next.lease]).toEqual(['bad', null]);
    await clock.advance(10_500);
    expect(leaseOf(next).nodeId).toBe('bad');
  });

  test('reports reach whoever asked for them, with the node and the model', async () => {
    const reports: unknown[] = [];
    const { scheduler } = createTestScheduler({ onReport: (...report) => reports.push(report) });
    await addUpNode(scheduler, 'gpu');
    const lease = await scheduler.acquire(request(), neverAborted);
    scheduler.release(lease.leaseId, UNAVAILABLE);
    scheduler.release(lease.leaseId, UNAVAILABLE);
    expect(reports).toEqual([[nodeId('gpu'), 'coder:latest', UNAVAILABLE]]);
  });
});
