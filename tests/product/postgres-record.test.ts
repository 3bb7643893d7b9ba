import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WireMemoryStatus } from '../../api/wire-memory.ts';
import type { WireRun } from '../../api/wire-run.ts';
import { DATABASE_FILE } from '../../memory/sqlite/open-sqlite-memory.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { TemporalDevServer } from '../../workers/temporal-dev-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { startRealPostgres, type RealPostgres } from '../support/real-postgres.ts';
import { runCli, startCli, type RunningCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';

const ANSWER = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';
/** A death is noticed after heartbeats and leases of ten seconds each; a starved machine takes many times that. */
const PATIENCE_MS = 600_000;

let folder: string;
let postgres: RealPostgres;
let url: string;
let node: SimulatedNode;
let temporal: TemporalDevServer;
let apiUrl: string;
let first: RunningCli;
let second: RunningCli;
let api: RunningCli;

/** Every process has a state folder of its own, as on machines that share nothing but Temporal and Postgres. */
const MACHINES = ['first', 'second', 'api'] as const;
type Machine = (typeof MACHINES)[number];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-machines-'));
  [postgres, node, temporal] = await Promise.all([
    startRealPostgres(),
    startSimulatedNode({
      models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
      answers: () => ANSWER,
      // An answer takes two seconds, and one comes after the other: every fault hits running calls.
      speed: { completionTokensPerSecond: 10 },
    }),
    startOwnTemporal({ folder, port: await findFreePort(), uiPort: await findFreePort() }),
  ]);
  url = (await postgres.createDatabase()).replace('postgres@', 'postgres:secret@');
  apiUrl = `http://127.0.0.1:${await findFreePort()}`;
  [first, second, api] = await Promise.all([
    startMachine('first', 'workers'),
    startMachine('second', 'workers'),
    startMachine('api', 'api'),
  ]);
}, PATIENCE_MS);

afterAll(async () => {
  const processes = [first, second, api];
  for (const cli of processes) cli?.process.kill('SIGTERM');
  await Promise.all(processes.map((cli) => cli?.ended));
  await temporal?.stop();
  await node?.close();
  await postgres?.dispose();
  await rm(folder, { recursive: true, force: true });
}, PATIENCE_MS);

function environmentOf(machine: Machine): Record<string, string> {
  return {
    HYDRA_HOME: join(folder, machine),
    HYDRA_API_PORT: new URL(apiUrl).port,
    HYDRA_NODES: `only=${node.url}`,
    HYDRA_PROBE_INTERVAL_SECONDS: '1',
    HYDRA_RECORD: 'postgres',
    POSTGRES_URL: url,
    TEMPORAL_ADDRESS: temporal.address,
    ...(process.env['HYDRA_CACHE'] ? { HYDRA_CACHE: process.env['HYDRA_CACHE'] } : {}),
  };
}

async function startMachine(machine: Machine, role: 'workers' | 'api'): Promise<RunningCli> {
  const cli = startCli(['up', '--role', role], environmentOf(machine));
  await cli.waitFor('Hydra is ready');
  return cli;
}

async function submit(prompt: string): Promise<string> {
  const response = await fetch(`${apiUrl}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      prompt,
      language: 'javascript',
      examples: [{ call: 'add(2, 3)', expected: '5' }],
      candidates: 4,
      fresh: true,
    }),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { workflow_id: string }).workflow_id;
}

/** The run as the API shows it; undefined while the API cannot tell. */
async function findRun(id: string): Promise<WireRun | undefined> {
  const response = await fetch(`${apiUrl}/runs/${id}`);
  return response.ok ? ((await response.json()) as WireRun) : undefined;
}

async function waitForEnd(id: string): Promise<WireRun> {
  let run: WireRun | undefined;
  await waitUntil(async () => {
    run = await findRun(id);
    return run !== undefined && !['queued', 'running'].includes(run.status);
  });
  return run as WireRun;
}

/** Waits until a model writes for it. */
async function waitForCalls(): Promise<void> {
  const before = node.log().calls.length;
  await waitUntil(() => node.log().calls.length > before);
}

/** What an event stream says until it ends with the run. */
async function follow(id: string): Promise<string> {
  const response = await fetch(`${apiUrl}/runs/${id}/events`, { headers: { accept: 'text/event-stream' } });
  return response.text();
}

async function readTiers(): Promise<readonly string[]> {
  const { tiers } = (await (await fetch(`${apiUrl}/memory/status`)).json()) as WireMemoryStatus;
  return tiers.map(({ name, state }) => `${name} ${state}`);
}

/** The process that looks after the hosts. */
async function findOwner(): Promise<RunningCli> {
  let owner: RunningCli | undefined;
  await waitUntil(async () => {
    const [holder] = await readColumn(`SELECT holder FROM hydra.ownerships WHERE duty = 'fleet'`);
    owner = [first, second].find(({ process }) => String(holder).startsWith(`${process.pid}-`));
    return owner !== undefined;
  });
  return owner as RunningCli;
}

async function readColumn(sql: string): Promise<readonly unknown[]> {
  return (await postgres.query(sql, url)).flatMap((row) => Object.values(row));
}

describe('machines that share a Postgres as the record', () => {
  test(
    'work on one request together, and one sees what another writes',
    async () => {
      const id = await submit('Write a JavaScript function add(a, b).');
      const stream = await follow(id);
      expect((await waitForEnd(id)).result?.state).toBe('verified');
      expect(stream).toContain('text.delta');
      expect(stream).toContain('run.finished');
      expect(await readTiers()).toEqual(['redis off', 'postgres up', 'postgres off', 'chroma off']);
      expect(MACHINES.filter((machine) => existsSync(join(folder, machine, DATABASE_FILE)))).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'a kill -9 of Postgres in the middle is said to those who ask, ends no process, and the run ends verified',
    async () => {
      const id = await submit('Write a JavaScript function add(a, b). Postgres dies meanwhile.');
      await waitForCalls();
      const owner = await findOwner();
      await postgres.kill();
      expect((await fetch(`${apiUrl}/runs`)).status).toBe(503);
      const health = await fetch(`${apiUrl}/health`);
      expect(health.status).toBe(503);
      expect(await health.text()).toContain('POSTGRES_URL');
      // By then a model has answered, and nobody could keep what it said.
      await owner.waitFor('no longer looks after the fleet');
      await postgres.start();
      const run = await waitForEnd(id);
      expect(run.result?.state).toBe('verified');
      expect([first, second, api].map((cli) => cli.process.exitCode)).toEqual([null, null, null]);
      const sequences = await readColumn(`SELECT sequence FROM hydra.run_events WHERE run_id = '${id}' ORDER BY 1`);
      expect(sequences.map(Number)).toEqual(sequences.map((_, index) => index + 1));
    },
    PATIENCE_MS,
  );

  test(
    'when the one that looks after the hosts is killed, the other does it, and the run ends verified',
    async () => {
      const id = await submit('Write a JavaScript function add(a, b). A machine dies meanwhile.');
      await waitForCalls();
      const owner = await findOwner();
      owner.process.kill('SIGKILL');
      await owner.ended;
      expect((await waitForEnd(id)).result?.state).toBe('verified');
      expect(await findOwner()).not.toBe(owner);
    },
    PATIENCE_MS,
  );

  test(
    'the doctor names the database without its password; a start without it says what to do',
    async () => {
      const environment = { ...environmentOf('first'), HYDRA_API_PORT: String(await findFreePort()) };
      const shown = url.replace(':secret', '');
      // The doctor waits three seconds for a server, and a starved machine may not get that far.
      const patience = { timeout: PATIENCE_MS / 3, interval: 100 };
      const readDoctor = async () => (await runCli(['doctor'], { environment })).stdout;
      await vi.waitFor(async () => expect(await readDoctor()).toContain(`${shown} answers`), patience);
      await postgres.stop();
      await vi.waitFor(async () => {
        const away = await readDoctor();
        expect(away).not.toContain('secret');
        expect(away).toMatch(new RegExp(`${shown}: .*ECONNREFUSED`));
      }, patience);
      const start = await runCli(['up', '--role', 'workers'], { environment });
      await postgres.start();
      expect(start.code).not.toBe(0);
      expect(start.stderr).toMatch(/Postgres cannot be reached: .*POSTGRES_URL or POSTGRES_HOST/s);
      expect(start.stderr).not.toContain('secret');
    },
    PATIENCE_MS,
  );
});
