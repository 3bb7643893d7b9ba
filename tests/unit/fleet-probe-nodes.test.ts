import { describe, expect, test } from 'vitest';

import type { NodeFacts } from '../../fleet/health/node-facts.ts';
import type { ResidentModel } from '../../domain/node.ts';
import { createNodeProber, type NodeProber, type NodeProberOptions } from '../../fleet/health/probe-nodes.ts';
import { aResidentModel } from '../support/node-snapshots.ts';
import { createManualClock, settle, type ManualClock } from './fleet-manual-clock.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';
import { createHost, createScriptedHosts, model, type ScriptedHost } from './fleet-scripted-hosts.ts';

const INTERVAL_MS = 4000;
const TIMEOUT_MS = 2000;
const GPU = nodeId('gpu');
const URL = 'http://gpu:11434';

interface Watched {
  readonly host: ScriptedHost;
  readonly clock: ManualClock;
  readonly prober: NodeProber;
  readonly told: NodeFacts[];
  readonly facts: () => NodeFacts | undefined;
}

async function watch(host: ScriptedHost, options: Partial<NodeProberOptions> = {}): Promise<Watched> {
  const clock = createManualClock();
  const told: NodeFacts[] = [];
  const prober = createNodeProber({
    languageModel: createScriptedHosts({ [URL]: host }),
    clock,
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    onObservation: (facts) => told.push(facts),
    ...options,
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
      residentModels: [{ name: 'coder' }],
      seenAtMs: clock.now(),
    });
    expect(told.at(-1)?.residentModels).toMatchObject([{ name: 'coder' }]);
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
    await clock.advance(INTERVAL_MS + 999);
    expect(facts()?.state).toBe('up');
    await clock.advance(1);
    expect(facts()?.state).toBe('down');
  });

  test('a node that falls silent right after a probe is known to be down in 9 s', async () => {
    const { host, clock, facts } = await watch(createHost());
    host.silence = (timeoutMs) =>
      new Promise((_, reject) => clock.setTimer(timeoutMs, () => reject(new Error('late'))));
    await clock.advance(8_999);
    expect(facts()?.state).toBe('up');
    await clock.advance(1);
    expect(facts()).toMatchObject({ state: 'down', problem: 'late', sinceMs: clock.now() });
  });

  test('a node tells since when it is in its state, however often it is probed', async () => {
    const { host, clock, facts } = await watch(createHost());
    const upSinceMs = clock.now();
    await clock.advance(INTERVAL_MS * 3);
    expect(facts()?.sinceMs).toBe(upSinceMs);
    host.up = false;
    await clock.advance(INTERVAL_MS * 3);
    expect(facts()).toMatchObject({ state: 'down', sinceMs: upSinceMs + INTERVAL_MS * 4 + 1_000 });
  });

  test('a node that misses one probe is looked at again soon, and then as often as before', async () => {
    const { host, clock, facts } = await watch(createHost());
    host.up = false;
    await clock.advance(INTERVAL_MS);
    host.up = true;
    await clock.advance(1_000);
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
  test('models are listed at first sight, every fifth probe and after a return, not at each probe', async () => {
    const { host, clock } = await watch(createHost());
    await clock.advance(INTERVAL_MS * 4);
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
    void prober.refresh(GPU);
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
    expect(facts()?.residentModels).toMatchObject([{ name: 'coder' }]);
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

describe('what is in memory', () => {
  test('is asked for at first sight, after work, and every half minute otherwise', async () => {
    const { host, clock, prober } = await watch(createHost());
    await clock.advance(INTERVAL_MS * 6);
    expect(host.asked.resident).toBe(1);
    await clock.advance(INTERVAL_MS);
    expect(host.asked.resident).toBe(2);
    prober.noteWork(GPU);
    await clock.advance(INTERVAL_MS);
    expect(host.asked.resident).toBe(3);
  });

  test('stays known when the host does not answer, and is asked for again at the next probe', async () => {
    const { host, clock, prober, facts } = await watch(createHost(['coder'], ['coder']));
    host.residentHeld = Promise.reject(new Error('timeout'));
    host.residentHeld.catch(() => undefined);
    prober.noteWork(GPU);
    await clock.advance(INTERVAL_MS);
    expect(facts()?.residentModels).toMatchObject([{ name: 'coder' }]);
    host.residentHeld = null;
    host.resident = [];
    await clock.advance(INTERVAL_MS);
    expect(facts()?.residentModels).toEqual([]);
  });

  test('is told when it changes, and not when only the time changes for which a model stays', async () => {
    const { host, clock, prober, told, facts } = await watch(createHost(['coder'], ['coder']));
    const lookAgain = async (change: Partial<ResidentModel>): Promise<number> => {
      host.resident = [aResidentModel('coder', change)];
      prober.noteWork(GPU);
      const before = told.length;
      await clock.advance(INTERVAL_MS);
      return told.length - before;
    };
    // Each probe tells once that the node is up.
    expect(await lookAgain({ expiresAt: '2027-01-01T00:00:00Z' })).toBe(1);
    expect(facts()?.residentModels[0]?.expiresAt).toBe('2027-01-01T00:00:00Z');
    expect(await lookAgain({ vramBytes: 1 })).toBe(2);
  });

  test('is not asked for when nobody wants to know', async () => {
    const host = createHost(['coder'], ['coder']);
    const { clock, prober } = await watch(host, { watchesMemory: false });
    prober.noteWork(GPU);
    await clock.advance(INTERVAL_MS * 10);
    expect(host.asked).toMatchObject({ version: 11, resident: 0 });
  });
});

describe('details of models', () => {
  const memoryShape = { contextBytesPerToken: 1024, workingBytesPerToken: 64, leastWorkingBytes: 1e6 };
  const DETAILS = { contextTokens: 8192, memoryShape, capabilities: ['completion'], parameterSize: '7B' };

  test('complete the list, and are asked for once for each content, not at each listing', async () => {
    const host = { ...createHost(['a', 'b']), details: DETAILS };
    const { clock, facts } = await watch(host);
    expect(facts()?.models).toMatchObject([
      { name: 'a', contextTokens: 8192, memoryShape, capabilities: ['completion'], parameterSize: '7B' },
      { name: 'b', contextTokens: 8192 },
    ]);
    await clock.advance(INTERVAL_MS * 20);
    expect(host.asked).toMatchObject({ models: 5, details: 2 });
    expect(facts()?.models[0]).toMatchObject({ contextTokens: 8192 });
  });

  test('are asked for anew when a name stands for another content', async () => {
    const host = { ...createHost([]), details: DETAILS, models: [model('a', { digest: 'one' })] };
    const { prober } = await watch(host);
    host.models = [model('a', { digest: 'two' }), model('copy', { digest: 'one' })];
    await prober.refresh(GPU);
    await settle();
    expect(host.asked.details).toBe(2);
  });

  test('that the host will not give are asked for again after minutes, and the rest is known meanwhile', async () => {
    const host = createHost(['a']);
    const { clock, facts } = await watch(host);
    await clock.advance(INTERVAL_MS * 10);
    expect(host.asked.details).toBe(1);
    expect(facts()).toMatchObject({ state: 'up', problem: null, models: [{ name: 'a', sizeBytes: 1e9 }] });
    host.details = DETAILS;
    await clock.advance(5 * 60_000);
    expect(facts()?.models).toMatchObject([{ contextTokens: 8192 }]);
  });
});

describe('watching', () => {
  test('a removed node is asked no more and says nothing more', async () => {
    const { host, clock, prober, told } = await watch(createHost());
    void prober.refresh(GPU);
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
