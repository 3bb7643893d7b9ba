import { expect, test } from 'vitest';

import type { NodeId } from '../../domain/ids.ts';
import { planGrants, type CallKind, type CallToPlace, type HostOption } from '../../fleet/scheduling/plan-grants.ts';
import { createTestScheduler, addUpNode, leaseOf, settle, track } from './fleet-scheduler-fixture.ts';

const KINDS = 8;

/** Plans for so many hosts, of which one is free; answers how often the cost of a call on a host was looked at. */
function countLooks(hosts: number, waiting: number): number {
  let looks = 0;
  const planned = Array.from({ length: hosts }, (_, place) => ({
    nodeId: `host-${place}` as NodeId,
    hasFreeSlot: place === 0,
    slotSeconds: [place],
    soonestSeconds: place,
  }));
  const options = planned.map((host): HostOption => ({
    host,
    promptSecondsPerToken: 0.001,
    get completionSecondsPerToken() {
      looks += 1;
      return 0.02;
    },
    mustLoad: false,
    loadSeconds: 0,
    evictionSeconds: 0,
    creditSeconds: 0,
    loadPlanned: true,
    readyAtSeconds: 0,
  }));
  const kinds = Array.from({ length: KINDS }, (_, place): CallKind => ({
    promptTokens: 1000,
    completionTokens: 100 * (place + 1),
    options,
  }));
  const calls = Array.from({ length: waiting }, (_, place): CallToPlace => {
    const kind = kinds[place % KINDS];
    if (kind === undefined) throw new Error('there is a kind for every place');
    return {
      kind,
      urgency: 3,
      turn: 0,
      arrivedSeconds: 0,
      promptTokens: 1000,
      completionTokens: kind.completionTokens,
    };
  });
  planGrants(calls);
  return looks;
}

/** So many per host and logarithm; hosts times calls would be 2,000 per host at the largest size. */
const LOOKS_PER_STEP = 60;

test('a round of planning takes n log n looks, not hosts times calls', () => {
  for (const hosts of [16, 64, 256, 1000]) {
    const waiting = 2 * hosts;
    expect(countLooks(hosts, waiting) / (hosts * Math.log2(hosts))).toBeLessThan(LOOKS_PER_STEP);
  }
});

test('calls far behind do not starve: each is served when those before it are', async () => {
  const { scheduler } = createTestScheduler();
  await addUpNode(scheduler, 'gpu', { tokensPerSecond: 100 });
  // More than a round looks at, and none of them can be served by the only host.
  const unservable = Array.from({ length: 300 }, () => track(scheduler, { model: 'absent' }));
  const behind = track(scheduler);
  await settle();
  expect(leaseOf(behind).nodeId).toBe('gpu');
  expect(unservable.every((call) => call.lease === null)).toBe(true);
});
