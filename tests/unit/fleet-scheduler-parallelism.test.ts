import { describe, expect, test } from 'vitest';

import type { CallReport, Scheduler } from '../../fleet/scheduler-port.ts';
import {
  addUpNode,
  createTestScheduler,
  finished,
  leaseOf,
  nodeId,
  settle,
  track,
  type TrackedCall,
} from './fleet-scheduler-fixture.ts';

const GPU = nodeId('gpu-1');

/** The host says that it worked for some seconds, and for as many more kept the call in a queue that it does not show. */
function queued(): CallReport {
  const report = finished({ tokensPerSecond: 100 });
  if (report.ended !== 'finished') throw new Error('finished makes another report');
  const workMs = report.loadMs + report.promptMs + report.decodeMs;
  return { ...report, totalMs: 2 * workMs };
}

/** Two calls at once, the second of which waited inside the host. */
async function teachHiddenQueue(scheduler: Scheduler): Promise<void> {
  const calls = [track(scheduler), track(scheduler)];
  await settle();
  for (const call of calls) scheduler.release(leaseOf(call).leaseId, queued());
  await settle();
}

function granted(calls: readonly TrackedCall[]): number {
  return calls.filter((call) => call.lease !== null).length;
}

describe('a host that is said to have two slots and answers one call at a time', () => {
  test('gets one at a time once that was seen, and the next when it has ended', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { slots: 2, tokensPerSecond: 50 });
    await teachHiddenQueue(scheduler);

    const calls = [track(scheduler), track(scheduler)];
    await settle();
    expect(granted(calls)).toBe(1);
    expect(scheduler.busySlots(GPU)).toBe(1);

    scheduler.release(leaseOf(calls.find((call) => call.lease !== null)).leaseId, finished());
    await settle();
    expect(granted(calls)).toBe(2);
  });

  test('leaves what it cannot do at once to an idle host', async () => {
    const { scheduler } = createTestScheduler();
    await addUpNode(scheduler, 'gpu-1', { slots: 2, tokensPerSecond: 50 });
    await teachHiddenQueue(scheduler);
    const holding = track(scheduler);
    await settle();
    await addUpNode(scheduler, 'gpu-2');

    const second = track(scheduler);
    await settle();
    expect(leaseOf(holding).nodeId).toBe('gpu-1');
    expect(leaseOf(second).nodeId).toBe('gpu-2');
  });

  test('is told by its offer how long a further call would wait', async () => {
    const decisions: (readonly { nodeId: string; waitSeconds: number }[])[] = [];
    const { scheduler } = createTestScheduler({ onDecision: ({ offers }) => decisions.push(offers) });
    await addUpNode(scheduler, 'gpu-1', { slots: 2, tokensPerSecond: 50 });
    await teachHiddenQueue(scheduler);
    track(scheduler);
    await addUpNode(scheduler, 'gpu-2');
    track(scheduler);
    await settle();
    expect(decisions.at(-1)?.find((offer) => offer.nodeId === 'gpu-1')?.waitSeconds).toBeGreaterThan(1);
  });
});
