import { describe, expect, test } from 'vitest';

import { FairShares } from '../../fleet/scheduling/fair-shares.ts';
import {
  addUpNode,
  createTestScheduler,
  finished,
  leaseOf,
  settle,
  track,
  type TrackedCall,
} from './fleet-scheduler-fixture.ts';

describe('turns', () => {
  const callers = new Set(['large', 'small']);

  test('a caller that was served less comes first, until it is level', () => {
    const shares = new FairShares();
    shares.enter('large');
    shares.enter('small');
    shares.charge('large', 120);
    const turns = shares.layOutTurns(callers);
    expect([turns.next('large'), turns.next('small')]).toEqual([2, 0]);
    turns.take('small', 130);
    expect([turns.next('large'), turns.next('small')]).toEqual([2, 2]);
  });

  test('whoever comes back starts level with the one that was served least', () => {
    const shares = new FairShares();
    shares.enter('large');
    shares.charge('large', 1000);
    shares.enter('small');
    const turns = shares.layOutTurns(callers);
    expect([turns.next('large'), turns.next('small')]).toEqual([0, 0]);
  });

  test('a caller that leaves and returns does not lose what it owes', () => {
    const shares = new FairShares();
    shares.enter('small');
    shares.enter('large');
    shares.charge('large', 600);
    shares.leave('large');
    shares.enter('large');
    expect(shares.layOutTurns(callers).next('large')).toBe(10);
  });

  test('a caller that is alone has all turns', () => {
    const shares = new FairShares();
    shares.enter('large');
    const turns = shares.layOutTurns(new Set(['large']));
    turns.take('large', 1000);
    expect(turns.next('large')).toBe(0);
  });
});

describe('a small caller beside a large one', () => {
  const CALL_MS = 100_000;

  /** Serves the calls one at a time; answers the names in the order of service. */
  async function serveAll(
    { scheduler, clock }: ReturnType<typeof createTestScheduler>,
    calls: ReadonlyMap<string, TrackedCall>,
  ): Promise<readonly string[]> {
    const served: string[] = [];
    while (served.length < calls.size) {
      await settle();
      const next = [...calls].find(([name, call]) => call.lease && !served.includes(name));
      if (next === undefined) throw new Error('nothing is served');
      served.push(next[0]);
      scheduler.claim(leaseOf(next[1]).leaseId);
      await clock.advance(CALL_MS);
      scheduler.release(leaseOf(next[1]).leaseId, finished({ tokensPerSecond: 1 }));
    }
    return served;
  }

  test('gets every other turn although it came last', async () => {
    const made = createTestScheduler();
    const { scheduler, clock } = made;
    await addUpNode(scheduler, 'gpu', { tokensPerSecond: 1 });
    const running = track(scheduler, { namespace: 'large' });
    const calls = new Map<string, TrackedCall>();
    for (let place = 0; place < 6; place++) calls.set(`large-${place}`, track(scheduler, { namespace: 'large' }));
    await clock.advance(1000);
    for (let place = 0; place < 2; place++) calls.set(`small-${place}`, track(scheduler, { namespace: 'small' }));
    scheduler.claim(leaseOf(running).leaseId);
    await clock.advance(CALL_MS);
    scheduler.release(leaseOf(running).leaseId, finished({ tokensPerSecond: 1 }));
    const served = await serveAll(made, calls);
    expect(served.indexOf('small-0')).toBeLessThan(2);
    expect(served.indexOf('small-1')).toBeLessThan(4);
  });

  test('waits behind a more urgent call of the large one', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { tokensPerSecond: 1 });
    const running = track(scheduler, { namespace: 'large' });
    await settle();
    const small = track(scheduler, { namespace: 'small', priority: 3 });
    const urgent = track(scheduler, { namespace: 'large', priority: 1 });
    scheduler.release(leaseOf(running).leaseId, finished());
    await settle();
    expect([urgent.lease !== null, small.lease]).toEqual([true, null]);
  });

  test('is not overtaken by a backlog that has waited for hours', async () => {
    const { scheduler, clock } = createTestScheduler();
    await addUpNode(scheduler, 'gpu', { tokensPerSecond: 1 });
    const running = track(scheduler, { namespace: 'large' });
    await settle();
    scheduler.claim(leaseOf(running).leaseId);
    const backlog = Array.from({ length: 20 }, () => track(scheduler, { namespace: 'large', completionTokens: 60 }));
    await clock.advance(3_600_000);
    const small = track(scheduler, { namespace: 'small' });
    scheduler.release(leaseOf(running).leaseId, finished());
    await settle();
    const first = backlog.find((call) => call.lease);
    if (small.lease === null && first) scheduler.release(leaseOf(first).leaseId, finished());
    await settle();
    expect(small.lease).not.toBeNull();
  });
});
