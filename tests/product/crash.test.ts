import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WireRun, WireRunList } from '../../api/wire-run.ts';
import { DATABASE_FILE } from '../../memory/sqlite/open-sqlite-memory.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { TemporalDevServer } from '../../workers/temporal-dev-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { startCli, type RunningCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';

const RUNS = 20;
const CANDIDATES = 2;
const ANSWER = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';
/** Twenty runs with three crashes and their recovery: heartbeat, lease and task timeouts of ten seconds each. */
const PATIENCE_MS = 300_000;

let node: SimulatedNode;
let temporal: TemporalDevServer;
let home: string;
let environment: Record<string, string>;
let apiUrl: string;
let workers: RunningCli;
let api: RunningCli;

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: () => ANSWER,
    // One answer takes a quarter of a second, so that every crash hits running calls.
    speed: { completionTokensPerSecond: 80 },
  });
  home = await mkdtemp(join(tmpdir(), 'hydra-crash-'));
  temporal = await startOwnTemporal({ folder: home, port: await findFreePort(), uiPort: await findFreePort() });
  const port = await findFreePort();
  apiUrl = `http://127.0.0.1:${port}`;
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(port),
    HYDRA_NODES: `only=${node.url}`,
    HYDRA_PROBE_INTERVAL_SECONDS: '1',
    TEMPORAL_ADDRESS: temporal.address,
    ...(process.env['HYDRA_CACHE'] ? { HYDRA_CACHE: process.env['HYDRA_CACHE'] } : {}),
  };
  [workers, api] = await Promise.all([startRole('workers'), startRole('api')]);
});

afterAll(async () => {
  for (const cli of [workers, api]) cli?.process.kill('SIGTERM');
  await Promise.all([workers?.ended, api?.ended]);
  await temporal?.stop();
  await node?.close();
  await rm(home, { recursive: true, force: true });
});

async function startRole(role: string): Promise<RunningCli> {
  const cli = startCli(['up', '--role', role], environment);
  await cli.waitFor('Hydra is ready');
  return cli;
}

async function killHard(cli: RunningCli): Promise<void> {
  cli.process.kill('SIGKILL');
  await cli.ended;
}

async function submit(index: number): Promise<string> {
  const response = await fetch(`${apiUrl}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `crash-${index}` },
    body: JSON.stringify({
      prompt: `Write a JavaScript function add(a, b). Number ${index}.`,
      language: 'javascript',
      examples: [{ call: 'add(2, 3)', expected: '5' }],
      candidates: CANDIDATES,
      fresh: true,
    }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { workflow_id: string }).workflow_id;
}

async function listRuns(): Promise<WireRunList['runs']> {
  try {
    const response = await fetch(`${apiUrl}/runs?limit=100`);
    return response.ok ? ((await response.json()) as WireRunList).runs : [];
  } catch {
    return [];
  }
}

async function waitForCompleted(count: number): Promise<void> {
  await waitUntil(async () => (await listRuns()).filter((run) => run.status === 'completed').length >= count);
}

describe('twenty runs on a single node', () => {
  test(
    'all end right, each step accepted once, when workers, API and Temporal are killed in the middle',
    async () => {
      const ids = await Promise.all(Array.from({ length: RUNS }, (_, index) => submit(index)));
      await waitForCompleted(2);
      await killHard(workers);
      workers = await startRole('workers');
      await waitForCompleted(6);
      await killHard(api);
      api = await startRole('api');
      await waitForCompleted(10);
      process.kill(temporal.pid, 'SIGKILL');
      await waitForCompleted(RUNS);

      const runs = await Promise.all(
        ids.map(async (id) => (await (await fetch(`${apiUrl}/runs/${id}`)).json()) as WireRun),
      );
      expect(runs.map((run) => run.result?.state)).toEqual(ids.map(() => 'verified'));
      expect(acceptedSteps(ids)).toEqual(ids.map(() => ({ write: CANDIDATES, verify: CANDIDATES })));
      expect(await statusesInTemporal(ids)).toEqual(ids.map(() => 'COMPLETED'));
    },
    PATIENCE_MS,
  );

  test('the same Idempotency-Key after the crashes is the same run, and another body is refused', async () => {
    const before = (await listRuns()).length;
    await submit(0);
    expect(await listRuns()).toHaveLength(before);
    const response = await fetch(`${apiUrl}/generate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'crash-0' },
      body: JSON.stringify({ prompt: 'Something else entirely' }),
    });
    expect(response.status).toBe(422);
  });
});

/** How many steps of each kind each run has an accepted result for. */
function acceptedSteps(ids: readonly string[]): { write: number; verify: number }[] {
  const database = new Database(join(home, DATABASE_FILE), { readonly: true });
  const count = database.prepare<[string], { total: number }>(
    'SELECT count(*) AS total FROM step_results WHERE step_key LIKE ?',
  );
  const counted = ids.map((id) => ({
    write: count.get(`${id}/whole/write/%`)?.total ?? 0,
    verify: count.get(`${id}/whole/verify/%`)?.total ?? 0,
  }));
  database.close();
  return counted;
}

async function statusesInTemporal(ids: readonly string[]): Promise<string[]> {
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const statuses = await Promise.all(
    ids.map(async (id) => (await client.workflow.getHandle(id).describe()).status.name),
  );
  await connection.close();
  return statuses;
}
