import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findProcesses } from '../support/find-processes.ts';
import { findFreePort } from '../support/free-port.ts';
import { startCli, type RunningCli } from '../support/run-cli.ts';
import { waitUntil } from '../support/wait-until.ts';

/** A start and a stop of the whole service on a starved machine. */
const PATIENCE_MS = 120_000;
/** What a start has begun ends within a second or two; ten times that is a start that goes on. */
const PROMPT_MS = 20_000;

let home: string;
let node: SimulatedNode;
let ports: { readonly api: number; readonly temporal: number; readonly ui: number };
let environment: Record<string, string>;
let hydra: RunningCli | undefined;
const others: Server[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'hydra-start-'));
  node = await startSimulatedNode({ models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })] });
  ports = { api: await findFreePort(), temporal: await findFreePort(), ui: await findFreePort() };
  const cache = process.env['HYDRA_CACHE'];
  environment = {
    HYDRA_HOME: home,
    HYDRA_API_PORT: String(ports.api),
    HYDRA_TEMPORAL_PORT: String(ports.temporal),
    HYDRA_TEMPORAL_UI_PORT: String(ports.ui),
    HYDRA_NODES: `only=${node.url}`,
    ...(cache && { HYDRA_CACHE: cache }),
  };
});

afterEach(async () => {
  hydra?.process.kill('SIGKILL');
  await hydra?.ended;
  for (const other of others.splice(0)) other.close();
  await node.close();
  rmSync(home, { recursive: true, force: true });
});

function start(change: Record<string, string> = {}): RunningCli {
  hydra = startCli(['up'], { ...environment, ...change });
  return hydra;
}

async function occupy(port: number): Promise<void> {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  others.push(other);
}

describe('taken ports', () => {
  test(
    'are all named with holder and setting before anything is started',
    async () => {
      await Promise.all([occupy(ports.api), occupy(ports.ui)]);
      const { code, stderr } = await start().ended;
      expect(code).toBe(1);
      const holder = String.raw`is taken by \S.* \(process ${process.pid}\)\. Stop it, or use another with`;
      expect(stderr).toMatch(new RegExp(`Port ${ports.api} ${holder} HYDRA_API_PORT`));
      expect(stderr).toMatch(new RegExp(`Port ${ports.ui} ${holder} HYDRA_TEMPORAL_UI_PORT`));
      expect(readdirSync(home)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describe('Ctrl-C during the start', () => {
  const moments: readonly (readonly [string, () => Promise<void>])[] = [
    ['as it begins', () => started().waitFor('Starting Hydra')],
    ['while Temporal comes up', () => waitUntil(() => existsSync(join(home, 'temporal.json')))],
    ['while the sandboxes are tried out', () => waitUntil(() => existsSync(join(home, 'logs', 'verify.log')))],
    ['while the hosts are asked', () => started().waitFor('looks after the fleet')],
  ];

  test.each(moments)(
    '%s ends it with everything that it had started',
    async (_, moment) => {
      start();
      await moment();
      const askedAt = Date.now();
      started().process.kill('SIGINT');
      const { code, stdout, stderr } = await started().ended;
      expect(code).toBe(130);
      expect(stdout).toBe('');
      expect(stderr).toContain('Stopping');
      expect(stderr).not.toMatch(/bug|Not everything|Hydra is ready/);
      expect(Date.now() - askedAt).toBeLessThan(PROMPT_MS);
      expectNothingLeft();
    },
    PATIENCE_MS,
  );

  test(
    'ends the wait for a Temporal that cannot be reached',
    async () => {
      start({ TEMPORAL_ADDRESS: `127.0.0.1:${await findFreePort()}` });
      await waitUntil(() => existsSync(join(home, 'hydra.sqlite')));
      started().process.kill('SIGINT');
      expect((await started().ended).code).toBe(130);
      expectNothingLeft();
    },
    PATIENCE_MS,
  );

  test(
    'a second time ends it at once',
    async () => {
      start();
      await waitUntil(() => existsSync(join(home, 'temporal.json')));
      started().process.kill('SIGINT');
      await started().waitFor('Stopping');
      started().process.kill('SIGINT');
      expect((await started().ended).code).toBe(130);
      const down = startCli(['down'], environment);
      expect((await down.ended).code).toBe(0);
      expectNothingLeft();
    },
    PATIENCE_MS,
  );
});

function started(): RunningCli {
  if (!hydra) throw new Error('Nothing was started.');
  return hydra;
}

function expectNothingLeft(): void {
  expect(['hydra.json', 'temporal.json'].filter((file) => existsSync(join(home, file)))).toEqual([]);
  if (process.platform === 'linux') expect(findProcesses(home)).toEqual([]);
}
