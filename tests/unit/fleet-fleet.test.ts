import { describe, expect, test } from 'vitest';

import type { WantedNode } from '../../domain/node-record.ts';
import type { NodeStateChange } from '../../fleet/health/announce-states.ts';
import { createFleet, type Fleet, type FleetOptions } from '../../fleet/fleet.ts';
import { aResidentModel } from '../support/node-snapshots.ts';
import { createManualClock, settle, type ManualClock } from './fleet-manual-clock.ts';
import { finished, leaseOf, nodeId, request, track } from './fleet-scheduler-fixture.ts';
import { createHost, createScriptedHosts, model, type ScriptedHost } from './fleet-scripted-hosts.ts';

const INTERVAL_MS = 5000;
const neverAborted = new AbortController().signal;

function address(name: string, values: Partial<WantedNode> = {}): WantedNode {
  const url = `http://${name}:11434`;
  return { id: nodeId(name), url, slots: 1, origin: 'settings', wanted: 'active', ...values };
}

async function startFleet(
  hosts: Readonly<Record<string, ScriptedHost>>,
  options: Partial<FleetOptions> = {},
): Promise<{ fleet: Fleet; clock: ManualClock; ready: string[] }> {
  const clock = createManualClock();
  const ready: string[] = [];
  const names = Object.keys(hosts);
  const fleet = createFleet({
    addresses: names.map((name) => address(name)),
    languageModel: createScriptedHosts(
      Object.fromEntries(names.map((name) => [`http://${name}:11434`, hosts[name] ?? createHost()])),
    ),
    clock,
    random: () => 0.5,
    probeIntervalMs: INTERVAL_MS,
    probeTimeoutMs: 2000,
    leaseTtlMs: 10_000,
    onNodeReady: (node) => ready.push(node.id),
    ...options,
  });
  fleet.start();
  await settle();
  return { fleet, clock, ready };
}

describe('a fleet', () => {
  test('lends a node that answers and shows what is true of it', async () => {
    const { fleet, ready, clock } = await startFleet({ gpu: createHost(['coder'], ['coder']) });
    await fleet.scheduler.acquire(request(), neverAborted);
    expect(ready).toEqual(['gpu']);
    expect(fleet.snapshots()).toEqual([
      {
        id: 'gpu',
        url: 'http://gpu:11434',
        state: 'up',
        problem: null,
        version: '0.6.5',
        models: [{ name: 'coder', sizeBytes: 1e9, family: 'llama', parameterSize: '' }],
        residentModels: [aResidentModel('coder')],
        origin: 'settings',
        wanted: 'active',
        vramBytes: 1e9,
        vramSource: 'learned',
        since: new Date(clock.now()).toISOString(),
        slots: 1,
        speeds: [],
        busySlots: 1,
        seenAt: new Date(clock.now()).toISOString(),
      },
    ]);
  });

  test('sizes that the hosts list shape what is expected of models that were never measured', async () => {
    const large = createHost([], ['coder']);
    large.models = [model('coder', { sizeBytes: 8e9 })];
    const { fleet } = await startFleet({ gpu: large });
    const lease = await fleet.scheduler.acquire(request({ completionTokens: 100 }), neverAborted);
    expect(lease.expectedSeconds).toBeCloseTo(10);
  });

  test('a node whose call failed and which does not answer is down at once, and calls go elsewhere', async () => {
    const gpu1 = createHost();
    const { fleet } = await startFleet({ 'gpu-1': gpu1, 'gpu-2': createHost() });
    const lease = await fleet.scheduler.acquire(request(), neverAborted);
    expect(lease.nodeId).toBe('gpu-1');
    gpu1.up = false;
    fleet.scheduler.release(lease.leaseId, { ended: 'unavailable', reason: 'reset' });
    await settle();
    expect(fleet.snapshots().map((node) => node.state)).toEqual(['down', 'up']);
    expect((await fleet.scheduler.acquire(request(), neverAborted)).nodeId).toBe('gpu-2');
  });

  test('a missing model is looked for at once and used again when it is there', async () => {
    const gpu = createHost();
    const { fleet, clock } = await startFleet({ gpu });
    const pulled = gpu.models;
    gpu.models = [];
    const lease = await fleet.scheduler.acquire(request(), neverAborted);
    fleet.scheduler.release(lease.leaseId, { ended: 'model_missing' });
    const call = track(fleet.scheduler);
    await clock.advance(INTERVAL_MS);
    expect([call.lease, fleet.snapshots()[0]?.models]).toEqual([null, []]);
    gpu.models = pulled;
    void fleet.refresh(nodeId('gpu'));
    await settle();
    expect(leaseOf(call).nodeId).toBe('gpu');
  });

  test('all nodes down, then one up: waiting calls start and the node is announced again', async () => {
    const gpu = createHost();
    const { fleet, clock, ready } = await startFleet({ gpu });
    gpu.up = false;
    await clock.advance(INTERVAL_MS * 2);
    const call = track(fleet.scheduler);
    await clock.advance(INTERVAL_MS);
    expect(call.lease).toBeNull();
    gpu.up = true;
    await clock.advance(INTERVAL_MS);
    expect(leaseOf(call).nodeId).toBe('gpu');
    expect(ready).toEqual(['gpu', 'gpu']);
  });

  test('a draining host keeps its calls, gets no new ones, and gets them again when it drains no more', async () => {
    const { fleet } = await startFleet({ gpu: createHost() });
    const running = await fleet.scheduler.acquire(request(), neverAborted);
    fleet.setAddresses([address('gpu', { wanted: 'draining' })]);
    const call = track(fleet.scheduler);
    await settle();
    expect(fleet.snapshots()).toMatchObject([{ wanted: 'draining', state: 'up', busySlots: 1 }]);
    expect(fleet.scheduler.claim(running.leaseId)).toBe(true);
    fleet.scheduler.release(running.leaseId, finished());
    await settle();
    expect([call.lease, fleet.scheduler.busySlots(nodeId('gpu'))]).toEqual([null, 0]);
    fleet.setAddresses([address('gpu')]);
    await settle();
    expect(leaseOf(call).nodeId).toBe('gpu');
  });

  test('a removed host can be reached until its last call has ended, also by a call that is about to start', async () => {
    const { fleet } = await startFleet({ gpu: createHost() });
    const { leaseId } = await fleet.scheduler.acquire(request(), neverAborted);
    fleet.setAddresses([]);
    expect(fleet.snapshots()).toEqual([]);
    expect(fleet.addressOf(nodeId('gpu'))).toMatchObject({ url: 'http://gpu:11434' });
    expect(fleet.scheduler.claim(leaseId)).toBe(true);
    fleet.scheduler.release(leaseId, finished());
    expect(fleet.addressOf(nodeId('gpu'))).toBeUndefined();
  });

  test('without any host calls wait, and start when one is added', async () => {
    const { fleet } = await startFleet({ gpu: createHost() });
    fleet.setAddresses([]);
    const call = track(fleet.scheduler);
    await settle();
    expect([call.lease, fleet.scheduler.waitingCalls()]).toEqual([null, 1]);
    fleet.setAddresses([address('gpu')]);
    await settle();
    expect(leaseOf(call).nodeId).toBe('gpu');
  });

  test('a node that flaps every 2 s is told of once in 10 s, and is used or left as it truly is', async () => {
    const gpu = createHost();
    const told: NodeStateChange[] = [];
    const { fleet, clock } = await startFleet({ gpu }, { onStateChange: (change) => told.push(change) });
    for (let second = 2; second <= 18; second += 2) {
      gpu.up = !gpu.up;
      await fleet.refresh(nodeId('gpu'));
      await fleet.refresh(nodeId('gpu'));
      expect(fleet.snapshots()[0]?.state).toBe(gpu.up ? 'up' : 'down');
      const lease = fleet.scheduler.acquireNow(request());
      expect(lease === null).toBe(!gpu.up);
      if (lease) fleet.scheduler.release(lease.leaseId, { ended: 'neutral' });
      await clock.advance(2_000);
    }
    expect(told.length).toBeGreaterThanOrEqual(1);
    expect(told.length).toBeLessThanOrEqual(2);
  });

  test('hosts can be changed while it runs', async () => {
    const { fleet } = await startFleet({ 'gpu-1': createHost(), 'gpu-2': createHost() });
    fleet.setAddresses([address('gpu-2', { slots: 2 })]);
    await settle();
    expect(fleet.snapshots()).toMatchObject([{ id: 'gpu-2', state: 'up', slots: 2 }]);
    const calls = [track(fleet.scheduler), track(fleet.scheduler), track(fleet.scheduler)];
    await settle();
    expect(calls.map((call) => call.lease?.nodeId ?? null)).toEqual(['gpu-2', 'gpu-2', null]);
  });

  test('a node that was given another URL is unknown until that one answers', async () => {
    const { fleet } = await startFleet({ gpu: createHost() });
    fleet.setAddresses([address('gpu', { url: 'http://elsewhere:11434' })]);
    await settle();
    const call = track(fleet.scheduler);
    await settle();
    expect([fleet.snapshots()[0]?.state, call.lease]).toEqual(['down', null]);
  });

  test('names of the same host count as one', async () => {
    const { fleet } = await startFleet({});
    fleet.setAddresses([
      address('a', { url: 'http://localhost:11434' }),
      address('b', { url: 'http://127.0.0.1:11434' }),
      address('c', { url: 'http://[::1]:11434/' }),
      address('d', { url: 'http://LOCALHOST:11435' }),
      address('e', { url: 'http://gpu' }),
      address('f', { url: 'http://GPU:80/' }),
      address('e', { url: 'http://other' }),
      address('g', { url: 'http://gpu/ollama' }),
    ]);
    expect(fleet.addresses().map((node) => node.id)).toEqual(['a', 'd', 'e', 'g']);
  });

  test('closing refuses waiting calls and leaves no timer', async () => {
    const { fleet, clock } = await startFleet({ gpu: createHost([]) });
    const call = track(fleet.scheduler);
    await settle();
    fleet.close();
    await settle();
    expect(call.error).toMatchObject({ type: 'FleetUnavailable' });
    expect(clock.pendingTimers()).toBe(0);
  });
});
