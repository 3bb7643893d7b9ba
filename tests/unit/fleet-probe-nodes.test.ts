import { describe, expect, test } from 'vitest';

import type { NodeFacts } from '../../fleet/node-facts.ts';
import { createNodeProber, type NodeProber } from '../../fleet/probe-nodes.ts';
import { createManualClock, settle, type ManualClock } from './fleet-manual-clock.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';
import { createHost, createScriptedHosts, model, type ScriptedHost } from './fleet-scripted-hosts.ts';

const INTERVAL_MS = 5000;
const GPU = nodeId('gpu');
const URL = 'http://gpu:11434';

interface Watched {
  readonly host: ScriptedHost;
  readonly clock: ManualClock;
  readonly prober: NodeProber;
  readonly told: NodeFacts[];
  readonly facts: () => NodeFacts | undefined;
}

async function watch(host: ScriptedHost): Promise<Watched> {
  const clock = createManualClock();
  const told: NodeFacts[] = [];
  const prober = createNodeProber({
    languageModel: createScriptedHosts({ [URL]: host }),
    clock,
    intervalMs: INTERVAL_MS,
    timeoutMs: 2000,
    onObservation: (facts) => told.push(facts),
  });
  prober.add({ id: GPU, url: URL, slots: 1 });
  await settle();
  return { host, clock, prober, told, facts: () => prober.facts()[0] };
}

describe('liveness', () => {
  test('a node that answers is up, with version, models, resident models and the time', async () => {
    const { facts, clock, told } = await watch(createHost(['coder'], ['coder']));
    expect(facts()).toMatchObject({
      state: 'up',
      problem: null,
      version: '0.6.5',
      models: [{ name: 'coder' }],
      residentModels: ['coder'],
      seenAtMs: clock.now(),
    });
    expect(told.at(-1)?.residentModels).toEqual(['coder']);
  });

  test('a node that never answered is down at its first missed probe, with the reason', async () => {
    const { facts } = await watch({ ...createHost(), up: false });
    expect(facts()).toMatchObject({ state: 'down', problem: `${URL} refused the connection`, seenAtMs: null });
  });

  test('a node that was up is down after two missed probes, and up after one answer', async () => {
    const { host, clock, facts } = await watch(createHost());
    host.up = false;
    await clock.advance(INTERVAL_MS);
    expect(facts()?.state).toBe('up');
    await clock.advance(INTERVAL_MS);
    expect(facts()).toMatchObject({ state: 'down', residentModels: [] });
    host.up = true;
    await clock.advance(INTERVAL_MS);
    expect(facts()).toMatchObject({ state: 'up', problem: null });
  });

  test('a node that dies right after a probe is known to be down well within two intervals', async () => {
    const { host, clock, facts } = await watch(createHost());
    host.up = false;
    await clock.advance(INTERVAL_MS + 1_999);
    expect(facts()?.state).toBe('up');
    await clock.advance(1);
    expect(facts()?.state).toBe('down');
  });

  test('a node that misses one probe is looked at again soon, and then as often as before', async () => {
    const { host, clock, facts } = await watch(createHost());
    host.up = false;
    await clock.advance(INTERVAL_MS);
    host.up = true;
    await clock.advance(2_000);
    expect([facts()?.state, host.asked.version]).toEqual(['up', 3]);
    await clock.advance(INTERVAL_MS - 1);
    expect(host.asked.version).toBe(3);
  });

  test('a node that is down is asked once in each interval', async () => {
    const { host, clock } = await watch({ ...createHost(), up: false });
    await clock.advance(INTERVAL_MS * 3);
    expect(host.asked.version).toBe(4);
  });

  test('a failed call and one missed probe, made at once, are enough to be down', async () => {
    const { host, prober, facts } = await watch(createHost());
    host.up = false;
    prober.reportFailedCall(GPU);
    await settle();
    expect(facts()?.state).toBe('down');
  });

  test('a failed call on a node that answers leaves it up', async () => {
    const { clock, prober, facts, host } = await watch(createHost());
    prober.reportFailedCall(GPU);
    await settle();
    host.up = false;
    await clock.advance(INTERVAL_MS);
    expect(facts()?.state).toBe('up');
  });

  test('a report that comes while a probe is under way is followed by another probe', async () => {
    const { prober, host } = await watch(createHost());
    const before = host.asked.version;
    prober.reportFailedCall(GPU);
    prober.reportFailedCall(GPU);
    await settle();
    expect(host.asked.version).toBe(before + 2);
  });
});

describe('models', () => {
  test('models are listed at first sight, every fourth probe and after a return, not at each probe', async () => {
    const { host, clock } = await watch(createHost());
    await clock.advance(INTERVAL_MS * 3);
    expect(host.asked.models).toBe(1);
    await clock.advance(INTERVAL_MS);
    expect(host.asked.models).toBe(2);
    host.up = false;
    await clock.advance(INTERVAL_MS * 2);
    host.up = true;
    await clock.advance(INTERVAL_MS);
    expect(host.asked.models).toBe(3);
  });

  test('a refresh sees at once what was pulled', async () => {
    const { host, prober, facts } = await watch(createHost());
    host.models = [model('coder'), model('new')];
    prober.refresh(GPU);
    await settle();
    expect(facts()?.models.map((listed) => listed.name)).toEqual(['coder', 'new']);
  });

  test('a list that fails says so and is asked for again at the next probe', async () => {
    const { host, clock, facts } = await watch({ ...createHost(), listFails: true });
    expect(facts()).toMatchObject({ state: 'up', models: [], problem: 'its models could not be listed: HTTP 500' });
    host.listFails = false;
    await clock.advance(INTERVAL_MS);
    expect(facts()).toMatchObject({ problem: null, models: [{ name: 'coder' }] });
  });

  test('a model that a call did not find stays forgotten until the node lists it', async () => {
    const { host, prober, facts, clock } = await watch(createHost(['coder:latest', 'other']));
    host.listFails = true;
    prober.forgetModel(GPU, 'coder');
    await clock.advance(INTERVAL_MS);
    expect(facts()?.models.map((listed) => listed.name)).toEqual(['other']);
    host.listFails = false;
    await clock.advance(INTERVAL_MS);
    expect(facts()?.models).toHaveLength(2);
  });

  test('a host that is loading a model delays only what is known of its memory', async () => {
    const host = createHost(['coder'], ['coder']);
    let answer: () => void = () => undefined;
    host.residentHeld = new Promise((resolve) => (answer = resolve));
    const { clock, facts } = await watch(host);
    await clock.advance(INTERVAL_MS * 3);
    expect(host.asked).toMatchObject({ version: 4, resident: 1 });
    expect(facts()).toMatchObject({ state: 'up', residentModels: [], seenAtMs: clock.now() });
    answer();
    await settle();
    expect(facts()?.residentModels).toEqual(['coder']);
  });

  test('an answer about the memory of a node that has gone meanwhile is dropped', async () => {
    const host = createHost(['coder'], ['coder']);
    let answer: () => void = () => undefined;
    host.residentHeld = new Promise((resolve) => (answer = resolve));
    const { clock, facts } = await watch(host);
    host.up = false;
    await clock.advance(INTERVAL_MS * 2);
    answer();
    await settle();
    expect(facts()).toMatchObject({ state: 'down', residentModels: [] });
  });
});

describe('watching', () => {
  test('a removed node is asked no more and says nothing more', async () => {
    const { host, clock, prober, told } = await watch(createHost());
    prober.refresh(GPU);
    prober.remove(GPU);
    const tellings = told.length;
    const asked = host.asked.version;
    await clock.advance(INTERVAL_MS * 3);
    expect([told.length, host.asked.version, prober.facts().length]).toEqual([tellings, asked, 0]);
  });

  test('closing leaves no timer', async () => {
    const { clock, prober } = await watch(createHost());
    expect(clock.pendingTimers()).toBe(1);
    prober.close();
    expect(clock.pendingTimers()).toBe(0);
  });
});
