import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WireDecisionList } from '../../api/wire-decision.ts';
import type { WireRun, WireRunList } from '../../api/wire-run.ts';
import { DATABASE_FILE } from '../../memory/sqlite/open-sqlite-memory.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { TemporalDevServer } from '../../workers/temporal-dev-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { readScrape, type Scrape } from '../support/read-metrics.ts';
import { startCli, type RunningCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';

const RUNS = 20;
const CANDIDATES = 2;
const SLOTS = 2;
const ANSWER = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';
/** Twice the lease, so that the frozen owner wakes long after another has taken over. */
const FROZEN_MS = 20_000;
const TAKEOVER_LIMIT_MS = 15_000;
const WAKING_LIMIT_MS = 2_000;
const PATIENCE_MS = 400_000;

/** One `hydra up --role workers` with metrics of its own. */
interface Workers {
  readonly cli: RunningCli;
  readonly pid: number;
  readonly metricsUrl: string;
}

let node: SimulatedNode;
let temporal: TemporalDevServer;
let home: string;
let environment: Record<string, string>;
let apiUrl: string;
let api: RunningCli;
let processes: Workers[] = [];

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: () => ANSWER,
    slots: SLOTS,
    // Two seconds an answer: forty of them last longer than both takeovers, and each hits running calls.
    speed: { completionTokensPerSecond: 10 },
  });
  home = await mkdtemp(join(tmpdir(), 'hydra-owners-'));
  temporal = await startOwnTemporal({ folder: home, port: await findFreePort(), uiPort: await findFreePort() });
  const port = await findFreePort();
  apiUrl = `http://127.0.0.1:${port}`;
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(port),
    HYDRA_NODES: `only=${node.url}`,
    HYDRA_NODE_SLOTS: String(SLOTS),
    TEMPORAL_ADDRESS: temporal.address,
    ...(process.env['HYDRA_CACHE'] ? { HYDRA_CACHE: process.env['HYDRA_CACHE'] } : {}),
  };
  for (let count = 0; count < 3; count++) processes.push(await startWorkers());
  api = startCli(['up', '--role', 'api'], environment);
  await api.waitFor('Hydra is ready');
}, PATIENCE_MS);

afterAll(async () => {
  for (const { pid } of processes) process.kill(pid, 'SIGCONT');
  for (const cli of [...processes.map((one) => one.cli), api]) cli?.process.kill('SIGTERM');
  await Promise.all([...processes.map((one) => one.cli.ended), api?.ended]);
  await temporal?.stop();
  await node?.close();
  await rm(home, { recursive: true, force: true });
}, PATIENCE_MS);

async function startWorkers(): Promise<Workers> {
  const port = await findFreePort();
  const cli = startCli(['up', '--role', 'workers'], { ...environment, HYDRA_METRICS_PORT: String(port) });
  await cli.waitFor('Hydra is ready');
  return { cli, pid: cli.process.pid ?? 0, metricsUrl: `http://127.0.0.1:${port}/metrics` };
}

async function measure(metricsUrl: string): Promise<Scrape> {
  return readScrape(await (await fetch(metricsUrl)).text());
}

async function isOwner({ metricsUrl }: Workers): Promise<boolean> {
  return (await measure(metricsUrl)).value('hydra_fleet_owner') === 1;
}

/** Open polls for calls that wait, and for calls on the host. */
async function countPolls({ metricsUrl }: Workers): Promise<number> {
  const scrape = await measure(metricsUrl);
  const count = (queue: string) => scrape.value('temporal_num_pollers', { task_queue: queue }) ?? 0;
  return count('fleet') + count('node:only');
}

function ownerInStore(): number | null {
  const database = new Database(join(home, DATABASE_FILE), { readonly: true });
  const row = database.prepare<[], { holder: string }>(`SELECT holder FROM ownerships WHERE duty = 'fleet'`).get();
  database.close();
  return row ? Number(row.holder.split('-')[0]) : null;
}

async function findOwner(): Promise<Workers> {
  let found: Workers | undefined;
  await waitUntil(() => (found = processes.find(({ pid }) => pid === ownerInStore())) !== undefined);
  return found as Workers;
}

/** Waits until another process owns the fleet and has given a call to the host, and says how long each took. */
async function takeOverTimes(lost: Workers, startedAt: number) {
  await waitUntil(() => ownerInStore() !== lost.pid);
  const claimed = performance.now() - startedAt;
  const next = await findOwner();
  await waitUntil(() => isOwner(next));
  const ready = performance.now() - startedAt;
  const callsBefore = node.log().calls.length;
  await waitUntil(() => node.log().calls.length > callsBefore);
  return { next, times: { claimed, ready, firstCall: performance.now() - startedAt } };
}

async function submit(index: number): Promise<string> {
  const response = await fetch(`${apiUrl}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
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

async function getJson<Answer>(path: string): Promise<Answer> {
  return (await (await fetch(apiUrl + path)).json()) as Answer;
}

const listRuns = async () => (await getJson<WireRunList>('/runs?limit=100')).runs;

async function waitForCompleted(count: number): Promise<void> {
  await waitUntil(async () => (await listRuns()).filter((run) => run.status === 'completed').length >= count);
}

describe('three processes with one home', () => {
  test(
    'have one owner of the fleet; the next takes over from a killed and from a frozen one, and no result is lost or doubled',
    async () => {
      const first = await findOwner();
      expect((await Promise.all(processes.map(isOwner))).filter(Boolean)).toHaveLength(1);
      const ids = await Promise.all(Array.from({ length: RUNS }, (_, index) => submit(index)));
      await waitForCompleted(2);

      first.cli.process.kill('SIGKILL');
      const killed = await takeOverTimes(first, performance.now());
      processes = processes.filter((one) => one !== first);

      const frozen = killed.next;
      await waitForCompleted(4);
      expect(await countPolls(frozen)).toBeGreaterThan(0);
      process.kill(frozen.pid, 'SIGSTOP');
      const frozenAt = performance.now();
      const stopped = await takeOverTimes(frozen, frozenAt);
      await waitUntil(() => performance.now() - frozenAt >= FROZEN_MS);
      process.kill(frozen.pid, 'SIGCONT');
      const wokenAt = performance.now();
      await frozen.cli.waitFor('no longer looks after the fleet');
      const steppedDownMs = performance.now() - wokenAt;
      expect(await Promise.all([isOwner(frozen), isOwner(stopped.next)])).toEqual([false, true]);
      await waitUntil(async () => (await countPolls(frozen)) === 0);
      const pollsEndedMs = performance.now() - wokenAt;

      await waitForCompleted(RUNS);
      console.log('took over, in ms:', { killed: killed.times, frozen: stopped.times, steppedDownMs, pollsEndedMs });
      expect(killed.times.ready).toBeLessThan(TAKEOVER_LIMIT_MS);
      expect(stopped.times.ready).toBeLessThan(TAKEOVER_LIMIT_MS);
      expect(steppedDownMs).toBeLessThan(WAKING_LIMIT_MS);

      const runs = await Promise.all(ids.map((id) => getJson<WireRun>(`/runs/${id}`)));
      expect(runs.map((run) => run.result?.state)).toEqual(ids.map(() => 'verified'));
      expect(acceptedSteps(ids)).toEqual(ids.map(() => ({ write: CANDIDATES, verify: CANDIDATES })));
      const listed = new Map((await listRuns()).map((run) => [run.workflow_id, run.status.toUpperCase()]));
      expect(ids.map((id) => listed.get(id))).toEqual(await statusesInTemporal(ids));
    },
    PATIENCE_MS,
  );

  test('count what they did; the process with the API tells what all share', async () => {
    const [shared, ...own] = await Promise.all(
      [`${apiUrl}/metrics`, ...processes.map((one) => one.metricsUrl)].map(measure),
    );
    expect([shared, ...own].flatMap((scrape) => scrape?.problems)).toEqual([]);
    expect(shared?.value('hydra_runs', { status: 'completed' })).toBe(RUNS);
    expect(shared?.value('hydra_open_runs')).toBe(0);
    expect(shared?.value('hydra_node_up', { node: 'only' })).toBe(1);
    const sum = (name: string) => own.reduce((total, scrape) => total + (scrape.value(name) ?? 0), 0);
    for (const name of ['hydra_model_calls_total', 'hydra_steps_accepted_total', 'hydra_sandbox_runs_total']) {
      expect(sum(name), name).toBeGreaterThan(0);
    }
    // Of the process that was killed nobody counts any more.
    expect(sum('hydra_steps_accepted_total')).toBeLessThanOrEqual(RUNS * 2 * CANDIDATES + RUNS);
    expect(sum('temporal_request_total')).toBeGreaterThan(0);
    expect(sum('hydra_fleet_owner')).toBe(1);
  });

  test('tell the same story of their decisions, whoever made them', async () => {
    const { decisions } = await getJson<WireDecisionList>('/fleet/decisions?limit=1000');
    expect(decisions.length).toBeGreaterThanOrEqual(RUNS * CANDIDATES);
    const finished = decisions.filter(({ ended }) => ended === 'finished');
    // Of calls that ran, or ended within the last second, when an owner died or froze nobody wrote the end.
    const unwritten = 2 * (SLOTS + SLOTS);
    expect(finished.length).toBeGreaterThanOrEqual(RUNS * CANDIDATES - unwritten);
    expect(finished.every(({ measured_seconds: seconds }) => seconds !== null && seconds > 0)).toBe(true);
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
