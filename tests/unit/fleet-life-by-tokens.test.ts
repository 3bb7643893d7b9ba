import { expect, test } from 'vitest';

import { createNodeProber } from '../../fleet/health/probe-nodes.ts';
import { createManualClock, settle } from './fleet-manual-clock.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';
import { createHost, createScriptedHosts } from './fleet-scripted-hosts.ts';

const GPU = nodeId('gpu');
const URL = 'http://gpu:11434';

async function watchBusyHost() {
  const host = createHost();
  const clock = createManualClock();
  const prober = createNodeProber({
    languageModel: createScriptedHosts({ [URL]: host }),
    clock,
    intervalMs: 4_000,
    timeoutMs: 2_000,
    onObservation: () => {},
  });
  prober.add({ id: GPU, url: URL, slots: 1 });
  await settle();
  host.up = false;
  return { clock, prober, state: () => prober.facts()[0]?.state };
}

test('a node that misses probes while tokens come from it is busy, not down', async () => {
  const { clock, prober, state } = await watchBusyHost();
  for (let second = 0; second < 60; second += 1) {
    prober.noteLife(GPU);
    await clock.advance(1_000);
  }
  expect(state()).toBe('up');
  await clock.advance(15_000);
  expect(state()).toBe('down');
});

test('a node whose call failed is looked at anew, whatever came from it before', async () => {
  const { prober, state } = await watchBusyHost();
  prober.noteLife(GPU);
  prober.reportFailedCall(GPU);
  await settle();
  expect(state()).toBe('down');
});
