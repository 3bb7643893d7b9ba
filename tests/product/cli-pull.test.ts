import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WireModelList } from '../../api/wire-fleet.ts';
import type { WirePull, WirePullList } from '../../api/wire-pull.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli, type RunningCli } from '../support/run-cli.ts';

/** A pull of the simulated gigabyte takes two seconds. */
const options = { models: [simulatedModel('here:1b')], speed: { pullBytesPerSecond: 1024 ** 3 / 2 } };
/** It takes longer than any test. */
const SLOW = { kind: 'slow', factor: 300 } as const;

/** Each look is a process of its own. */
const PATIENT = { timeout: 90_000, interval: 200 };

let one: SimulatedNode;
let two: SimulatedNode;
let home: string;
let environment: Record<string, string>;
let service: RunningCli;

beforeAll(async () => {
  [one, two] = [await startSimulatedNode(options), await startSimulatedNode(options)];
  home = mkdtempSync(join(tmpdir(), 'hydra-pull-'));
  const cache = process.env['HYDRA_CACHE'];
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_UI_PORT: String(await findFreePort()),
    HYDRA_NODES: `one=${one.url},two=${two.url}`,
    ...(cache && { HYDRA_CACHE: cache }),
  };
  service = await startService();
});
afterEach(() => {
  one.faults.clear();
  two.faults.clear();
});
afterAll(async () => {
  await run('down');
  await Promise.all([one.close(), two.close()]);
  rmSync(home, { recursive: true, force: true });
});

const run = (...words: string[]) => runCli(words, { environment });

async function startService(): Promise<RunningCli> {
  const started = startCli(['up'], environment);
  await started.waitFor('Hydra is ready');
  return started;
}

describe('hydra models pull', () => {
  it('says of each host how far it is, and where the model is at the end', async () => {
    const { code, stdout, stderr } = await run('models', 'pull', 'both:1b');
    expect(code).toBe(0);
    expect(stdout).toBe('both:1b is on one, two.\n');
    expect(stderr).toMatch(/^one {2}pulling {2}\d+ % of 1\.0 GB {2}pulling [0-9a-f]{12}$/m);
    expect(stderr).toMatch(/^two {2}done {2}100 % of 1\.0 GB/m);
    const models = JSON.parse((await run('models', '--json')).stdout) as WireModelList;
    expect(models.models.find(({ name }) => name === 'both:1b')?.nodes.toSorted()).toEqual(['one', 'two']);
  });

  it('names a missing model of the settings with the command that brings it', async () => {
    expect((await run('models')).stdout).toMatch(/MODEL IS MISSING +BRING IT WITH\nlight +.*hydra.* models pull \S+/);
  });

  it('detaches at Ctrl-C, is there in the list, is joined by a second one, and stopped by command', async () => {
    one.faults.add(SLOW);
    const pulling = startCli(['models', 'pull', 'left:1b', '--node', 'one'], environment);
    await pulling.waitFor('pulling');
    pulling.process.kill('SIGINT');
    const { code, stderr } = await pulling.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('Detached; the pull goes on. See it with:');
    expect((await run('models', 'pulls')).stdout).toMatch(/left:1b +running +\S+ \S+ UTC +one +pulling/);
    const again = startCli(['models', 'pull', 'left:1b', '--node', 'one', '--json'], environment);
    await again.waitFor('left:1b is being pulled already');
    expect((await run('models', 'pull', 'left:1b', '--cancel')).stdout).toContain('is being stopped');
    const { code: end, stdout } = await again.ended;
    expect(end).toBe(3);
    expect(JSON.parse(stdout) as WirePull).toMatchObject({ status: 'cancelled', nodes: [{ state: 'cancelled' }] });
    expect((await run('models', 'pull', 'left:1b', '--cancel')).stdout).toContain('had ended: cancelled');
  });

  it('fails with what the host said', async () => {
    one.faults.add({ kind: 'disk_full', afterBytes: 0 });
    const { code, stdout, stderr } = await run('models', 'pull', 'large:1b', '--node', 'one');
    expect([code, stdout]).toEqual([1, 'The pull was not finished. It is on none of the hosts.\n']);
    expect(stderr).toMatch(/one {2}failed .*no space left on device/);
  });

  it.each([
    [['no name!'], 'model: must be the name of a model'],
    [['a', '--node', 'three'], '--node number 1: must be one of one, two (seen: "three")'],
    [['a', '--on', '3'], '--on: must be at most 2'],
    [['a', '--on', '1', '--node', 'one'], '--on: must not stand beside nodes'],
    [[], "missing required argument 'model'"],
  ])('refuses %j', async (words, rule) => {
    const { code, stderr } = await run('models', 'pull', ...words);
    expect(code).toBe(2);
    expect(stderr).toContain(rule);
  });

  it('goes on where it stopped after the service was killed', async () => {
    two.faults.add({ ...SLOW, factor: 20 });
    const { stdout } = await run('models', 'pull', 'killed:1b', '--node', 'two', '--no-wait', '--json');
    const { id } = JSON.parse(stdout) as { id: string };
    const find = async () => {
      const { pulls } = JSON.parse((await run('models', 'pulls', '--json')).stdout) as WirePullList;
      return pulls.find((pull) => pull.id === id);
    };
    await expect.poll(async () => (await find())?.nodes[0]?.completed_bytes, PATIENT).toBeGreaterThan(0);
    service.process.kill('SIGKILL');
    await service.ended;
    two.faults.clear();
    service = await startService();
    await expect.poll(async () => (await find())?.status, PATIENT).toBe('completed');
    expect((await find())?.nodes).toMatchObject([{ node: 'two', state: 'done', problem: null }]);
    const calls = two.log().calls.filter(({ model }) => model === 'killed:1b');
    expect(calls.map(({ ending }) => ending)).toEqual(['aborted', 'answered']);
  });
});
