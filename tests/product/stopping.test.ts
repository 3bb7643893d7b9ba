import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WireRun } from '../../api/wire-run.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findProcesses } from '../support/find-processes.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli, type CliResult, type RunningCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Two starts and a stop of the whole service on a starved machine. */
const PATIENCE_MS = 240_000;
/** Longer than any of these tests: what ends sooner did not wait for it. */
const ENDLESS_GRACE_SECONDS = '600';
const ANSWER = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';

let node: SimulatedNode;
let home: string;
let ports: readonly number[];
let environment: Record<string, string>;
let services: RunningCli[] = [];

beforeAll(async () => {
  // An answer takes about a second: long enough to be met in its middle.
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: () => ANSWER,
    speed: { completionTokensPerSecond: 16 },
  });
  home = mkdtempSync(join(tmpdir(), 'hydra-stopping-'));
  ports = [await findFreePort(), await findFreePort(), await findFreePort()];
  const [apiPort, temporalPort, uiPort] = ports.map(String);
  const cache = process.env['HYDRA_CACHE'];
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: apiPort ?? '',
    HYDRA_TEMPORAL_PORT: temporalPort ?? '',
    HYDRA_TEMPORAL_UI_PORT: uiPort ?? '',
    HYDRA_NODES: `only=${node.url}`,
    ...(cache && { HYDRA_CACHE: cache }),
  };
});

afterEach(async () => {
  node.faults.clear();
  await run('down');
  for (const service of services) service.process.kill('SIGKILL');
  services = [];
});

afterAll(async () => {
  await node?.close();
  rmSync(home, { recursive: true, force: true });
});

const run = (...words: string[]): Promise<CliResult> => runCli(words, { environment });

async function startService(change: Record<string, string> = {}): Promise<RunningCli> {
  const service = startCli(['up'], { ...environment, ...change });
  services.push(service);
  await service.waitFor('Hydra is ready');
  return service;
}

async function submit(): Promise<string> {
  const words = [
    'Write a JavaScript function add(a, b).',
    '--example',
    'add(2, 3) => 5',
    '--candidates',
    '1',
    '--fresh',
  ];
  const { stdout, stderr } = await run('generate', ...words, '--no-wait');
  expect(stdout, stderr).not.toBe('');
  return stdout.trim();
}

/** Submits a request whose call never ends, and waits until it is under way. */
async function submitStuck(): Promise<string> {
  node.faults.add({ kind: 'stall_mid_stream', afterTokens: 3 });
  const id = await submit();
  await waitUntil(() => openCalls().length > 0);
  return id;
}

const chats = () => node.log().calls.filter((call) => call.path === '/api/chat');
const openCalls = () => chats().filter((call) => call.ending === 'open');

async function finish(id: string): Promise<WireRun> {
  await run('events', id, '--no-text');
  return JSON.parse((await run('status', id, '--json')).stdout) as WireRun;
}

describe('stopping', () => {
  test(
    'SIGTERM lets the running call end, and the run goes on at the next start without repeating it',
    async () => {
      const service = await startService();
      const before = chats().length;
      const id = await submit();
      await waitUntil(() => openCalls().some((call) => call.tokens > 0));
      service.process.kill('SIGTERM');
      expect((await service.ended).code).toBe(0);
      expect(chats().at(-1)?.ending).toBe('answered');

      await startService();
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
      expect(chats()).toHaveLength(before + 1);
    },
    PATIENCE_MS,
  );

  test(
    'SIGTERM cuts off what does not end in its grace, and a new start runs it again',
    async () => {
      const service = await startService({ HYDRA_SHUTDOWN_GRACE_SECONDS: '1' });
      const id = await submitStuck();
      service.process.kill('SIGTERM');
      const { code, stderr } = await service.ended;
      expect(code).toBe(0);
      expect(stderr).toContain('open runs go on at the next start');
      expect(openCalls()).toEqual([]);

      node.faults.clear();
      await startService();
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    },
    PATIENCE_MS,
  );

  test(
    'a second SIGTERM stops at once; the Temporal it leaves is adopted at the next start, and the run goes on',
    async () => {
      const service = await startService({ HYDRA_SHUTDOWN_GRACE_SECONDS: ENDLESS_GRACE_SECONDS });
      const id = await submitStuck();
      service.process.kill('SIGTERM');
      await service.waitFor('Stopping');
      service.process.kill('SIGTERM');
      expect((await service.ended).code).toBe(130);

      node.faults.clear();
      const next = await startService();
      await next.waitFor('is adopted');
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    },
    PATIENCE_MS,
  );

  test(
    'kill -9 leaves Temporal behind; the next start adopts it, and the run goes on',
    async () => {
      const service = await startService();
      const id = await submitStuck();
      const temporal = temporalPid();
      service.process.kill('SIGKILL');
      await service.ended;
      expect(isAlive(temporal)).toBe(true);

      node.faults.clear();
      const next = await startService();
      await next.waitFor('is adopted');
      expect(temporalPid()).toBe(temporal);
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    },
    PATIENCE_MS,
  );

  test(
    'hydra down leaves no process, no open port and no record behind',
    async () => {
      const service = await startService();
      const temporal = temporalPid();
      await run('down');
      expect((await service.ended).code).toBe(0);
      expect(isAlive(temporal)).toBe(false);
      expect(await Promise.all(ports.map(isOpen))).toEqual([false, false, false]);
      expect(['hydra.json', 'temporal.json'].filter((file) => existsSync(join(home, file)))).toEqual([]);
      if (process.platform === 'linux') expect(findProcesses(home)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describe('a second hydra up in the same home', () => {
  test(
    'on another port says so and leaves the first alone',
    async () => {
      await startService();
      const apiPort = String(await findFreePort());
      const second = await runCli(['up'], { environment: { ...environment, HYDRA_API_PORT: apiPort } });
      expect(second.code).toBe(1);
      expect(second.stderr).toContain(`Hydra runs already in ${home}`);
      expect((await run('list')).code).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    'at the same moment: one of them serves, the other says why it does not',
    async () => {
      const both = [startCli(['up'], environment), startCli(['up'], environment)];
      services.push(...both);
      const loser = await Promise.race(both.map(async (cli) => ({ cli, ...(await cli.ended) })));
      const winner = both.find((cli) => cli !== loser.cli) as RunningCli;
      expect(loser.code).toBe(1);
      expect(loser.stderr).toMatch(/runs already|is taken|another Hydra|in use/);
      await winner.waitFor('Hydra is ready');
      expect((await run('list')).code).toBe(0);
    },
    PATIENCE_MS,
  );
});

function temporalPid(): number {
  const record = JSON.parse(readFileSync(join(home, 'temporal.json'), 'utf8')) as { process: { pid: number } };
  return record.process.pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
