import { describe, expect, test } from 'vitest';

import { HostBreakers } from '../../fleet/health/host-breakers.ts';
import { createManualClock, type ManualClock } from './fleet-manual-clock.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';

const GPU = nodeId('gpu');

function createBreakers(): { breakers: HostBreakers; clock: ManualClock } {
  const clock = createManualClock();
  return { breakers: new HostBreakers(clock, () => 0.5), clock };
}

describe('the breakers of a fleet', () => {
  test('a model that keeps failing rests alone while the host does other work', () => {
    const { breakers } = createBreakers();
    for (let failure = 0; failure < 3; failure++) {
      breakers.failed(GPU, 'broken');
      breakers.succeeded(GPU, 'fine', []);
      breakers.succeeded(GPU, 'fine', []);
    }
    expect([breakers.permits(GPU, 'broken'), breakers.permits(GPU, 'fine')]).toEqual([false, true]);
  });

  test('a host on which every model fails rests for all of them', () => {
    const { breakers } = createBreakers();
    for (const model of ['a', 'b', 'c']) breakers.failed(GPU, model);
    expect(breakers.permits(GPU, 'never tried')).toBe(false);
    expect(breakers.permits(nodeId('gpu-2'), 'a')).toBe(true);
  });

  test('a trial holds host and model until it ends or is abandoned', async () => {
    const { breakers, clock } = createBreakers();
    for (let failure = 0; failure < 3; failure++) breakers.failed(GPU, 'a');
    await clock.advance(5000);
    const trials = breakers.begin(GPU, 'a');
    expect([trials.length, breakers.permits(GPU, 'b')]).toEqual([2, false]);
    breakers.abandoned(trials);
    expect(breakers.permits(GPU, 'b')).toBe(true);
    for (let success = 0; success < 2; success++) breakers.succeeded(GPU, 'b', breakers.begin(GPU, 'b'));
    expect([breakers.permits(GPU, 'b'), breakers.begin(GPU, 'b')]).toEqual([true, []]);
  });

  test('a forgotten host starts afresh, its neighbour of a similar name does not', () => {
    const { breakers } = createBreakers();
    for (let failure = 0; failure < 3; failure++) {
      breakers.failed(GPU, 'a');
      breakers.failed(nodeId('gpu-2'), 'a');
    }
    breakers.forget(GPU);
    expect([breakers.permits(GPU, 'a'), breakers.permits(nodeId('gpu-2'), 'a')]).toEqual([true, false]);
  });

  test('a model that fails on a host that is well rests alone, and the host keeps no trial of it', async () => {
    const { breakers, clock } = createBreakers();
    for (let failure = 0; failure < 3; failure++) breakers.modelFailed(GPU, 'broken', []);
    expect([breakers.permits(GPU, 'broken'), breakers.permits(GPU, 'fine')]).toEqual([false, true]);
    for (let failure = 0; failure < 3; failure++) breakers.failed(GPU, 'fine');
    await clock.advance(7000);
    breakers.modelFailed(GPU, 'broken', breakers.begin(GPU, 'broken'));
    expect([breakers.permits(GPU, 'broken'), breakers.permits(GPU, 'fine')]).toEqual([false, true]);
  });
});
