import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WireEvent } from '../../api/wire-event.ts';
import type { WireHealth } from '../../api/wire-fleet.ts';
import type { WireRun } from '../../api/wire-run.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli, type CliResult, type RunningCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Two starts of the service, and a heartbeat timeout, on a starved machine. */
const PATIENCE_MS = 240_000;
/** While it loads there is time to kill what runs it; the sandbox would let it go on for longer. */
const SLOW_ANSWER = `\`\`\`javascript
await new Promise((resolve) => setTimeout(resolve, 4_000));
export function add(a, b) {
  return a + b;
}
\`\`\``;

/** Of a pending activity, in Temporal's protocol. */
const STARTED = 2;

let node: SimulatedNode;
let temporal: Client;
let home: string;
let apiUrl: string;
let environment: Record<string, string>;
let services: RunningCli[] = [];

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: () => SLOW_ANSWER,
  });
  home = mkdtempSync(join(tmpdir(), 'hydra-verify-process-'));
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()];
  const [apiPort, temporalPort, uiPort] = ports.map(String);
  temporal = new Client({ connection: Connection.lazy({ address: `127.0.0.1:${temporalPort}` }) });
  apiUrl = `http://127.0.0.1:${apiPort}`;
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: apiPort ?? '',
    HYDRA_TEMPORAL_PORT: temporalPort ?? '',
    HYDRA_TEMPORAL_UI_PORT: uiPort ?? '',
    HYDRA_NODES: `only=${node.url}`,
    ...(process.env['HYDRA_CACHE'] ? { HYDRA_CACHE: process.env['HYDRA_CACHE'] } : {}),
  };
});

afterEach(async () => {
  await run('down');
  for (const service of services) service.process.kill('SIGKILL');
  services = [];
});

afterAll(async () => {
  await temporal?.connection.close();
  await node?.close();
  rmSync(home, { recursive: true, force: true });
});

const run = (...words: string[]): Promise<CliResult> => runCli(words, { environment });

async function startService(): Promise<RunningCli> {
  const service = startCli(['up'], environment);
  services.push(service);
  await service.waitFor('Hydra is ready');
  return service;
}

/** Submits a request, and waits until its program runs in a sandbox of the verify process. */
async function submitAndWaitForItsProgram(): Promise<{ readonly id: string; readonly verifyPid: number }> {
  const verifyPid = await findVerifyProcess();
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
  const id = stdout.trim();
  await waitUntil(() => isBeingVerified(id));
  return { id, verifyPid };
}

async function isBeingVerified(id: string): Promise<boolean> {
  const { raw } = await temporal.workflow.getHandle(id).describe();
  return (raw.pendingActivities ?? []).some(
    ({ activityType, state }) => activityType?.name === 'verifyProgram' && Number(state) === STARTED,
  );
}

async function readHealth(): Promise<WireHealth> {
  return (await (await fetch(`${apiUrl}/health`)).json()) as WireHealth;
}

async function verifyHealth(): Promise<WireHealth['parts'][number] | undefined> {
  return (await readHealth()).parts.find((part) => part.name === 'verify');
}

async function findVerifyProcess(): Promise<number> {
  return Number(/^process (\d+)$/.exec((await verifyHealth())?.detail ?? '')?.[1]);
}

async function finish(id: string): Promise<WireRun> {
  await run('events', id, '--no-text');
  return JSON.parse((await run('status', id, '--json')).stdout) as WireRun;
}

/** Processes that this one has started, and theirs. */
function descendantsOf(pid: number): readonly number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const children = rows.map((row) => row.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === pid);
  return children.flatMap(([child = 0]) => [child, ...descendantsOf(child)]);
}

/** A zombie is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

describe('the verify process', () => {
  test(
    'is started again after a kill -9 in the middle of a verification, and the run ends verified',
    async () => {
      const service = await startService();
      const { id, verifyPid } = await submitAndWaitForItsProgram();
      process.kill(verifyPid, 'SIGKILL');
      await service.waitFor(`The verify process (${verifyPid}) ended by itself`);
      await service.waitFor('Programs are verified again');
      expect(await verifyHealth()).toMatchObject({ healthy: true });
      expect(await findVerifyProcess()).not.toBe(verifyPid);
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    },
    PATIENCE_MS,
  );

  test(
    'ends within seconds of a kill -9 of Hydra, with all that it has started; the run goes on at the next start',
    async () => {
      const service = await startService();
      const { id, verifyPid } = await submitAndWaitForItsProgram();
      const family = [verifyPid, ...descendantsOf(verifyPid)];
      expect(family.length).toBeGreaterThan(1);
      service.process.kill('SIGKILL');
      await service.ended;
      const killedAt = Date.now();
      await waitUntil(() => !family.some(isAlive));
      // Two seconds of grace; the rest is for a starved machine. A program that is let run takes four.
      expect(Date.now() - killedAt).toBeLessThan(10_000);

      await startService();
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    },
    PATIENCE_MS,
  );

  test(
    'lets a running verification end at SIGTERM of Hydra, so that the next start does not repeat it',
    async () => {
      const service = await startService();
      const { id, verifyPid } = await submitAndWaitForItsProgram();
      service.process.kill('SIGTERM');
      expect((await service.ended).code).toBe(0);
      expect(isAlive(verifyPid)).toBe(false);

      await startService();
      const { stdout } = await run('events', id, '--json', '--no-text');
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as WireEvent);
      expect(events.filter(({ type }) => type === 'candidate.verified')).toEqual([
        expect.objectContaining({ attempt: 1 }),
      ]);
      expect(await finish(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
    },
    PATIENCE_MS,
  );
});
