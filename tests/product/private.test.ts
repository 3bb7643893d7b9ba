import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WireRun } from '../../api/wire-run.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { CLI_COMMAND, runCli } from '../support/run-cli.ts';
import { readTrace, spawnTraced, type NamedAddress } from '../support/trace-connections.ts';

/** A service that starts under strace, and the type checkers of two languages, on a starved machine. */
const PATIENCE_MS = 300_000;

const isTraceable = spawnSync('strace', ['--version']).status === 0;
if (!isTraceable)
  process.stderr.write('The test of privacy is skipped: strace is not installed (Debian: apt install strace).\n');

const PYTHON = '```python\ndef add(a, b):\n    return a + b\n```\n';
const TYPESCRIPT = '```typescript\nexport function add(a: number, b: number): number {\n  return a + b;\n}\n```\n';
const PYTHON_TEST = 'from main import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n';
const TYPESCRIPT_TEST =
  "import { expect, test } from 'vitest';\nimport { add } from './main.ts';\n\ntest('adds', () => expect(add(2, 3)).toBe(5));\n";

let node: SimulatedNode;
let folder: string;
let ports: { readonly api: number; readonly temporal: number; readonly ui: number };

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: ({ prompt }) => (/typescript/i.test(prompt) ? TYPESCRIPT : PYTHON),
  });
  folder = await mkdtemp(join(tmpdir(), 'hydra-private-'));
  ports = { api: await findFreePort(), temporal: await findFreePort(), ui: await findFreePort() };
});

afterAll(async () => {
  await node?.close();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!isTraceable)('after set-up', () => {
  test('a connection to the outside would be seen', async () => {
    const traceFile = join(folder, 'control');
    const script =
      "require('net').connect(443, '192.0.2.1').on('error', () => {}); setTimeout(() => process.exit(), 300);";
    await once(spawnTraced(traceFile, [process.execPath, '-e', script], {}), 'close');
    const { reached } = await readTrace(traceFile);
    expect(reached.filter((one) => !isOurs(one, new Set([443])))).toMatchObject([{ address: '192.0.2.1', port: 443 }]);
  });

  test('npm itself reaches nothing when it starts a script', async () => {
    const traceFile = join(folder, 'npm');
    const command = ['npm', 'run', 'format', '--', '--version'];
    // A home and a cache in which npm has never looked for its updates.
    await once(spawnTraced(traceFile, command, { PATH: process.env.PATH, HOME: folder }), 'close');
    expect(existsSync(join(folder, '.npm', '_logs'))).toBe(true);
    expect((await readTrace(traceFile)).reached).toEqual([]);
  });

  test(
    'starting, running requests in two languages and stopping reaches nothing but the addresses of the settings',
    async () => {
      const traceFile = join(folder, 'trace');
      const states = await runTraced(traceFile);
      expect(states).toEqual(['verified', 'verified']);
      const { reached, ownPorts } = await readTrace(traceFile);
      const allowed = new Set([...ownPorts, ...Object.values(ports), Number(new URL(node.url).port)]);
      expect(reached.map(({ port }) => port)).toEqual(
        expect.arrayContaining([ports.temporal, Number(new URL(node.url).port)]),
      );
      expect(reached.filter((one) => !isOurs(one, allowed)).map(({ line }) => line)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

/** Loopback, and a port that the settings name or that the processes opened themselves; 0 asks about an address and sends nothing. */
function isOurs({ address, port }: NamedAddress, allowed: ReadonlySet<number>): boolean {
  const isLoopback = /^(?:127\.|::1$|::ffff:127\.)/.test(address);
  return isLoopback && (port === 0 || allowed.has(port));
}

/** Runs the service under strace, has it answer two requests with user tests, and stops it; gives their states. */
async function runTraced(traceFile: string): Promise<(string | undefined)[]> {
  const service = spawnTraced(traceFile, [...CLI_COMMAND, 'up'], environment());
  const ended = once(service, 'close');
  try {
    await untilReady(service);
    const tests = [
      { language: 'python', tests: [{ path: 'test_main.py', content: PYTHON_TEST }] },
      { language: 'typescript', tests: [{ path: 'main.test.ts', content: TYPESCRIPT_TEST }] },
    ];
    return await Promise.all(tests.map(generate));
  } finally {
    // strace itself holds a signal back from what it traces.
    await runCli(['down'], { environment: environment() });
    await ended;
  }
}

function environment(): Record<string, string> {
  const { PATH = '', HOME = '', HYDRA_CACHE } = process.env;
  return {
    PATH,
    HOME,
    ...(HYDRA_CACHE && { HYDRA_CACHE }),
    HYDRA_HOME: join(folder, 'home'),
    HYDRA_API_PORT: String(ports.api),
    HYDRA_TEMPORAL_PORT: String(ports.temporal),
    HYDRA_TEMPORAL_UI_PORT: String(ports.ui),
    HYDRA_NODES: node.url,
  };
}

async function untilReady({ stdout, stderr }: ChildProcess): Promise<void> {
  let output = '';
  for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output, { timeout: PATIENCE_MS, interval: 100 }).toContain('Hydra is ready');
}

async function generate(body: object): Promise<string | undefined> {
  const prompt = 'Write a function add(a, b) that returns the sum.';
  const response = await fetch(`http://127.0.0.1:${ports.api}/generate?wait=600`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, candidates: 1, decompose: 'never', ...body }),
  });
  const run = (await response.json()) as Partial<WireRun>;
  return run.result?.state;
}
