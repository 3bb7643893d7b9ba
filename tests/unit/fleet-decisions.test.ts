import { describe, expect, it } from 'vitest';
import type { FleetDecision } from '../../domain/fleet-decision.ts';
import type { EndedCall } from '../../fleet/scheduler-port.ts';
import type { SchedulerOptions } from '../../fleet/scheduling/scheduler-options.ts';
import { settle } from './fleet-manual-clock.ts';
import {
  addUpNode,
  createTestScheduler,
  finished,
  leaseOf,
  LEASE_TTL_MS,
  nodeId,
  request,
  track,
} from './fleet-scheduler-fixture.ts';

function createObserved(options: Partial<SchedulerOptions> = {}) {
  const decisions: FleetDecision[] = [];
  const ended: EndedCall[] = [];
  const { scheduler, clock } = createTestScheduler({
    onDecision: (decision) => decisions.push(decision),
    onEnded: (call) => ended.push(call),
    ...options,
  });
  return { scheduler, clock, decisions, ended };
}

describe('a decision', () => {
  it('tells the call, the chosen host, what each host offered and why the others were not asked', async () => {
    const { scheduler, clock, decisions } = createObserved();
    await addUpNode(scheduler, 'warm');
    await addUpNode(scheduler, 'cold', { resident: [] });
    await addUpNode(scheduler, 'other-models', { models: ['painter'] });
    scheduler.addNode({ id: nodeId('dead'), url: 'http://dead:11434', slots: 1 });
    await addUpNode(scheduler, 'resting');
    await addUpNode(scheduler, 'failed-before');
    scheduler.setDraining(await addUpNode(scheduler, 'draining'), true);
    await addUpNode(scheduler, 'third');
    for (let failures = 0; failures < 3; failures++) {
      const taken = ['warm', 'cold', 'failed-before', 'third'].map((name) => nodeId(name));
      const lease = await scheduler.acquire(request({ avoid: taken }), new AbortController().signal);
      expect(lease.nodeId).toBe('resting');
      scheduler.release(lease.leaseId, { ended: 'unavailable', reason: 'test' });
    }
    const call = track(scheduler, { title: 'write main.py', promptTokens: 70, avoid: [nodeId('failed-before')] });
    await settle();
    const decision = decisions.at(-1);
    expect(decision).toMatchObject({
      leaseId: leaseOf(call).leaseId,
      at: new Date(clock.now()).toISOString(),
      runId: 'run-1',
      title: 'write main.py',
      model: 'coder:latest',
      promptTokens: 70,
      completionTokens: 100,
      waitedSeconds: 0,
      nodeId: leaseOf(call).nodeId,
      outcome: null,
    });
    expect(['warm', 'third']).toContain(decision?.nodeId);
    const offers = new Map(decision?.offers.map((offer) => [String(offer.nodeId), offer]));
    expect([...offers.keys()].sort()).toEqual(['cold', 'third', 'warm']);
    expect(offers.get('cold')?.mustLoad).toBe(true);
    expect(offers.get('cold')!.finishSeconds).toBeGreaterThan(offers.get('warm')!.finishSeconds);
    expect(Object.fromEntries(decision?.passedOver.map((host) => [host.nodeId, host.reason]) ?? [])).toEqual({
      'other-models': 'model_absent',
      dead: 'down',
      resting: 'resting',
      'failed-before': 'avoided',
      draining: 'draining',
    });
  });

  it('tells how long the call waited, and its end what it took beside what was predicted', async () => {
    const { scheduler, clock, decisions, ended } = createObserved();
    await addUpNode(scheduler, 'only');
    const first = track(scheduler);
    const second = track(scheduler);
    await clock.advance(7_000);
    scheduler.release(leaseOf(first).leaseId, finished());
    await settle();
    expect(decisions.map((decision) => decision.waitedSeconds)).toEqual([0, 7]);
    expect(leaseOf(second).leaseId).toBe(decisions[1]?.leaseId);
    expect(ended).toMatchObject([
      {
        leaseId: decisions[0]?.leaseId,
        nodeId: 'only',
        model: 'coder:latest',
        seconds: 7,
        expectedSeconds: decisions[0]?.expectedSeconds,
        report: { ended: 'finished' },
      },
    ]);
  });

  it('of a call that was never started ends with its lease', async () => {
    const { scheduler, clock, ended } = createObserved();
    await addUpNode(scheduler, 'only');
    track(scheduler);
    await clock.advance(LEASE_TTL_MS);
    expect(ended.map(({ seconds, report }) => [seconds, report.ended])).toEqual([[LEASE_TTL_MS / 1000, 'neutral']]);
  });
});

describe('a process that may not grant', () => {
  it('grants nothing and lets no call start until it may again', async () => {
    let mayGrant = true;
    const { scheduler, clock, decisions } = createObserved({ mayGrant: () => mayGrant });
    await addUpNode(scheduler, 'only', { slots: 2 });
    const before = track(scheduler);
    await settle();
    mayGrant = false;
    const during = track(scheduler);
    expect(scheduler.acquireNow(request())).toBeNull();
    expect(scheduler.claim(leaseOf(before).leaseId)).toBe(false);
    await clock.advance(2_000);
    expect([decisions.length, during.endings]).toEqual([1, 0]);
    mayGrant = true;
    await clock.advance(1_000);
    expect(during.lease?.nodeId).toBe('only');
    expect(scheduler.claim(leaseOf(before).leaseId)).toBe(true);
  });
});

describe('a lease that its caller gives up', () => {
  it('frees its slot at once when nobody has started the call', async () => {
    const { scheduler } = createObserved();
    await addUpNode(scheduler, 'only');
    const lost = track(scheduler);
    const next = track(scheduler);
    await settle();
    expect(next.endings).toBe(0);
    scheduler.forfeit(leaseOf(lost).leaseId);
    await settle();
    expect(next.lease?.nodeId).toBe('only');
    expect(scheduler.claim(leaseOf(lost).leaseId)).toBe(false);
  });

  it('stays with a call that has started, and one that nobody knows changes nothing', async () => {
    const { scheduler } = createObserved();
    const id = await addUpNode(scheduler, 'only');
    const running = track(scheduler);
    await settle();
    scheduler.claim(leaseOf(running).leaseId);
    scheduler.forfeit(leaseOf(running).leaseId);
    scheduler.forfeit('no such lease');
    expect(scheduler.busySlots(id)).toBe(1);
  });
});
