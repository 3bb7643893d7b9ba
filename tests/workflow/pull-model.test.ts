import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { ModelPull } from '../../domain/model-pull.ts';
import { createTemporalPullGateway } from '../../api/temporal-pull-gateway.ts';
import type { PullGateway } from '../../api/pull-gateway.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';
import { pullWorkflowId } from '../../workflows/contract.ts';

const GIGABYTE = 1024 ** 3;
/** A pull of the simulated gigabyte takes two seconds. */
const options = { models: [simulatedModel('here:1b')], speed: { pullBytesPerSecond: GIGABYTE / 2 } };
const [ONE, TWO, LATE] = ['one', 'two', 'late'] as NodeId[] as [NodeId, NodeId, NodeId];

let one: SimulatedNode;
let two: SimulatedNode;
let latePort: number;
let hydra: RunningHydra;
let pulls: PullGateway;

beforeAll(async () => {
  [one, two, latePort] = [await startSimulatedNode(options), await startSimulatedNode(options), await findFreePort()];
  hydra = await startHydra({ nodes: { one: one.url, two: two.url, late: `http://127.0.0.1:${latePort}` } });
  const { client } = hydra.temporal;
  pulls = createTemporalPullGateway({ client, heartbeatMs: hydra.settings.timeouts.heartbeatMs });
});

afterEach(() => {
  one.faults.clear();
  two.faults.clear();
});

afterAll(async () => {
  await hydra?.stop();
  await Promise.all([one?.close(), two?.close()]);
});

const find = async (model: string): Promise<ModelPull> => (await pulls.find(model))!;
const nodeOf = async (model: string, id: NodeId) => (await find(model)).nodes.find(({ nodeId }) => nodeId === id);

async function ended(model: string): Promise<ModelPull> {
  await waitUntil(async () => (await find(model)).status !== 'running');
  return find(model);
}

async function untilBytesArrive(model: string, id: NodeId): Promise<void> {
  await waitUntil(async () => ((await nodeOf(model, id))?.completedBytes ?? 0) > 0);
}

const openPulls = (node: SimulatedNode): number =>
  node.log().calls.filter(({ path, ending }) => path === '/api/pull' && ending === 'open').length;

describe('a pull', () => {
  test('runs on two hosts at once, shows its progress, and the fleet has the model at its end', async () => {
    expect(await pulls.start('both:1b', [ONE, TWO])).toBe('started');
    await waitUntil(async () => (await find('both:1b')).nodes.every(({ completedBytes }) => (completedBytes ?? 0) > 0));
    expect([openPulls(one), openPulls(two)]).toEqual([1, 1]);
    const handle = hydra.temporal.client.workflow.getHandle(pullWorkflowId('both:1b'));
    const metadata: { currentDetails?: string } = await handle.query('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toMatch(/\| one \| pulling \| \d+ % of 1\.0 GB \| pulling [0-9a-f]{12} \|/);
    const pull = await ended('both:1b');
    expect(pull).toMatchObject({ model: 'both:1b', status: 'completed' });
    expect(pull.nodes).toEqual(
      [ONE, TWO].map((nodeId) => ({
        nodeId,
        state: 'done',
        status: 'success',
        completedBytes: GIGABYTE,
        totalBytes: GIGABYTE,
        problem: null,
      })),
    );
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({
      HydraState: ['completed'],
      HydraModels: ['both:1b'],
      HydraNodes: ['one', 'two'],
    });
    // No probe's turn was waited for.
    await waitUntil(async () => {
      const nodes = await hydra.memory.nodeSnapshots.read();
      return nodes.filter(({ models }) => models.some(({ name }) => name === 'both:1b')).length === 2;
    });
  });

  test('of the same model joins the one that runs, and brings its host to it', async () => {
    expect(await pulls.start('joined:1b', [ONE])).toBe('started');
    await untilBytesArrive('joined:1b', ONE);
    expect(await pulls.start('joined:1b', [ONE, TWO])).toBe('joined');
    const { status, nodes } = await ended('joined:1b');
    expect([status, ...nodes.map(({ nodeId, state }) => `${nodeId} ${state}`)]).toEqual([
      'completed',
      'one done',
      'two done',
    ]);
    expect(one.log().calls.filter(({ model }) => model === 'joined:1b')).toHaveLength(1);
    expect((await pulls.list()).filter(({ model }) => model === 'joined:1b')).toHaveLength(1);
  });

  test('waits for its turn on a host that pulls another model', async () => {
    await pulls.start('first:1b', [ONE]);
    await untilBytesArrive('first:1b', ONE);
    await pulls.start('second:1b', [ONE]);
    await untilBytesArrive('second:1b', ONE);
    expect((await find('first:1b')).status).toBe('completed');
    expect(openPulls(one)).toBe(1);
    expect((await ended('second:1b')).status).toBe('completed');
  });

  test('that is cancelled closes its socket within two seconds and says so; what arrived is kept', async () => {
    await pulls.start('cancelled:1b', [ONE]);
    await untilBytesArrive('cancelled:1b', ONE);
    const cancelledAt = performance.now();
    expect(await pulls.cancel('cancelled:1b')).toBe(true);
    await waitUntil(() => openPulls(one) === 0);
    expect(performance.now() - cancelledAt).toBeLessThan(2_000);
    expect(await ended('cancelled:1b')).toMatchObject({
      status: 'cancelled',
      nodes: [{ state: 'cancelled', problem: null }],
    });
    expect(await pulls.cancel('cancelled:1b')).toBe(true);
    expect(await pulls.cancel('never:1b')).toBe(false);
    expect(await pulls.start('cancelled:1b', [ONE])).toBe('started');
    expect((await ended('cancelled:1b')).status).toBe('completed');
  });

  test('of a model that no registry has fails at once and names it, and goes on where it is known', async () => {
    one.faults.add({ kind: 'model_missing', model: 'unknown:1b' });
    await pulls.start('unknown:1b', [ONE, TWO]);
    await waitUntil(async () => (await nodeOf('unknown:1b', ONE))?.state === 'failed');
    expect((await nodeOf('unknown:1b', TWO))?.state).not.toBe('done');
    const { status, nodes } = await ended('unknown:1b');
    expect(status).toBe('failed');
    expect(nodes).toMatchObject([
      { problem: 'No registry has the model unknown:1b: pull model manifest: file does not exist' },
      { state: 'done' },
    ]);
    const handle = hydra.temporal.client.workflow.getHandle(pullWorkflowId('unknown:1b'));
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'ModelMissing',
        message: expect.stringContaining('unknown:1b is not on every host. one: No registry'),
      },
    });
  });

  test('that fills the disk fails at once with the words of the host', async () => {
    one.faults.add({ kind: 'disk_full', afterBytes: 1 });
    await pulls.start('large:1b', [ONE]);
    const { status, nodes } = await ended('large:1b');
    expect([status, nodes[0]?.state]).toEqual(['failed', 'failed']);
    expect(nodes[0]?.problem).toMatch(/^Node one cannot pull large:1b: write .*: no space left on device$/);
    expect(one.log().calls.filter(({ model }) => model === 'large:1b')).toHaveLength(1);
  });

  test('on a host that is down says why it waits, and goes on when the host is up', async () => {
    await pulls.start('patient:1b', [LATE]);
    await waitUntil(async () => (await nodeOf('patient:1b', LATE))?.problem !== null);
    expect(await nodeOf('patient:1b', LATE)).toMatchObject({
      state: 'waiting',
      problem: expect.stringMatching(/ECONNREFUSED/),
    });
    const late = await startSimulatedNode({ ...options, port: latePort });
    expect((await ended('patient:1b')).status).toBe('completed');
    await late.close();
  });

  test('is tried again when the registry does not answer', async () => {
    one.faults.add({ kind: 'registry_away', times: 1 });
    await pulls.start('again:1b', [ONE]);
    expect((await ended('again:1b')).status).toBe('completed');
    expect(one.log().calls.filter(({ model }) => model === 'again:1b')).toHaveLength(2);
  });
});
