import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WireRun, WireRunList } from '../../api/wire-run.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import type { RunningCli } from '../support/run-cli.ts';

const PROMPT = 'Create a Python function to calculate fibonacci numbers';
const QUICK = ['--example', 'fibonacci(10) => 55'];

let node: SimulatedNode;
let home: string;
let environment: Record<string, string>;

beforeAll(async () => {
  const models = ['qwen3:1.7b', 'qwen3:14b', 'llama3.2:latest'].map((name) => simulatedModel(name));
  node = await startSimulatedNode({ models });
  home = mkdtempSync(join(tmpdir(), 'hydra-service-'));
  const cache = process.env['HYDRA_CACHE'];
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_PORT: String(await findFreePort()),
    HYDRA_TEMPORAL_UI_PORT: String(await findFreePort()),
    HYDRA_NODES: node.url,
    ...(cache && { HYDRA_CACHE: cache }),
  };
});
afterEach(async () => {
  node.faults.clear();
  await run('down');
});
afterAll(async () => {
  await node.close();
  rmSync(home, { recursive: true, force: true });
});

const run = (...words: string[]) => runCli(words, { environment });

async function startService(): Promise<RunningCli> {
  const service = startCli(['up'], environment);
  await service.waitFor('Hydra is ready');
  return service;
}

/** Submits a request that no host answers, and waits until a model has been asked. */
async function submitStuck(): Promise<string> {
  node.faults.add({ kind: 'never_answer' });
  const { stdout } = await run('generate', PROMPT, ...QUICK, '--fresh', '--no-wait');
  const id = stdout.trim();
  const isAsked = async () => (await run('status', id)).stdout.includes('running');
  await expect.poll(isAsked, { timeout: 60_000, interval: 500 }).toBe(true);
  return id;
}

describe('the service by command', () => {
  it('starts, runs requests, refuses to start twice, and stops with nothing left', async () => {
    const service = await startService();
    const generated = await run('generate', PROMPT, ...QUICK, '--json');
    const finished = JSON.parse(generated.stdout) as WireRun;
    expect(generated.code).toBe(0);
    expect(finished.result).toMatchObject({ state: 'verified', language: 'python' });
    expect(finished.result?.code).toContain('def fibonacci');

    const second = await run('up');
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('Hydra runs already');
    const listed = JSON.parse((await run('list', '--json')).stdout) as WireRunList;
    expect(listed.runs.map((entry) => entry.workflow_id)).toEqual([finished.workflow_id]);
    expect((await run('doctor')).code).toBe(0);
    expect((await run('nodes')).stdout).toMatch(/up\s+0\/1/);

    expect((await run('down')).stderr).toContain('Hydra is stopped');
    const ended = await service.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^API\s+http:\/\/localhost:\d+\nTemporal Web UI\s+http:/);
    expect((await run('list')).code).toBe(6);
  });

  it('cancels a run, and goes on with an open one after a stop and a start', async () => {
    const first = await startService();
    const cancelled = await submitStuck();
    expect((await run('cancel', cancelled)).stdout).toContain('is being stopped');
    expect((await run('events', cancelled)).code).toBe(3);

    const kept = await submitStuck();
    await run('down');
    expect((await first.ended).code).toBe(0);
    node.faults.clear();
    const second = await startService();
    expect(await run('events', kept, '--no-text')).toMatchObject({ code: 0 });
    expect((await run('status', kept)).stdout).toContain('verified');
    second.process.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
  }, 240_000);

  it('runs one request without a service, and stops what it started', async () => {
    const { code, stdout, stderr } = await run('up', '--prompt', PROMPT);
    expect([0, 4]).toContain(code);
    expect(stdout).toContain('def fibonacci');
    expect(stderr).toMatch(new RegExp(`Files +main\\.py in ${home}/results/run-`));
    expect((await run('list')).code).toBe(6);
  });
});
