import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WireNode, WireNodeList } from '../../api/wire-fleet.ts';
import type { WireRun } from '../../api/wire-run.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { runCli, startCli, type RunningCli } from '../support/run-cli.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const MODEL = simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' });
const REQUEST = {
  prompt: 'Write a JavaScript function add(a, b).',
  language: 'javascript',
  examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
  candidates: 1,
  decompose: 'never',
  fresh: true,
} as const;
/** Long enough for a test to act while an answer of some twenty tokens is written, on a busy machine too. */
const SLOW = { completionTokensPerSecond: 4 };

let first: SimulatedNode;
let second: SimulatedNode;
/** Looks after the fleet, in this process. */
let hydra: RunningHydra;
/** The API, in another process: what it writes is all that the owner hears of it. */
let api: RunningCli;
let environment: Record<string, string>;

beforeAll(async () => {
  const answers = () => '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';
  first = await startSimulatedNode({ models: [MODEL], answers, speed: SLOW });
  second = await startSimulatedNode({ models: [MODEL], answers });
  hydra = await startHydra({ nodes: { first: first.url } });
  const cache = process.env['HYDRA_CACHE'];
  environment = {
    HYDRA_HOME: hydra.settings.home,
    HYDRA_API_PORT: String(await findFreePort()),
    HYDRA_NODES: `first=${first.url}`,
    TEMPORAL_ADDRESS: hydra.temporalServer.address,
    ...(cache && { HYDRA_CACHE: cache }),
  };
  api = startCli(['up', '--role', 'api'], environment);
  await api.waitFor('Hydra is ready');
});

afterAll(async () => {
  api?.process.kill('SIGTERM');
  await api?.ended;
  await hydra?.stop();
  await Promise.all([first?.close(), second?.close()]);
});

/** Only `first`, and it works. */
beforeEach(async () => {
  const { nodeRegistry } = hydra.memory;
  const added = (await nodeRegistry.list()).filter((record) => record.added !== null);
  for (const record of added) await nodeRegistry.setWanted(record, 'removed');
  await nodeRegistry.setWanted({ id: 'first' as NodeId, url: first.url }, 'active');
  await waitForNodes(
    (known) => known.map(({ id, wanted, state }) => `${id} ${wanted} ${state}`).join() === 'first active up',
  );
});

const cli = (...words: string[]) => runCli(words, { environment });

/** An answer of the API that is none of an error. */
async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const url = `http://localhost:${environment['HYDRA_API_PORT']}${path}`;
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Answer;
}

async function waitForNodes(isSo: (known: readonly NodeSnapshot[]) => boolean): Promise<void> {
  await waitUntil(async () => isSo(await hydra.memory.nodeSnapshots.read()));
}

function addSecond(): Promise<WireNode> {
  return ask('POST', '/nodes', { url: second.url, name: 'second' });
}

const callsOf = (node: SimulatedNode) => node.log().calls.filter((call) => call.path === '/api/chat');
const isAnswering = (node: SimulatedNode) => callsOf(node).some((call) => call.ending === 'open');

describe('while a host has running calls', () => {
  test('draining it lets them end there, gives it no new ones, and resuming does again', async () => {
    const id = await hydra.submit(REQUEST);
    await waitUntil(() => isAnswering(first));
    await ask('POST', '/nodes/first/drain');
    await addSecond();
    await waitForNodes((known) => known.length === 2 && known.every(({ state }) => state === 'up'));
    expect(isAnswering(first)).toBe(true);
    expect((await hydra.outcome(id)).result).toMatchObject({ state: 'verified', parts: [{ node: 'first' }] });
    expect(callsOf(second)).toEqual([]);

    const before = callsOf(first).length;
    expect((await hydra.outcome(await hydra.submit(REQUEST))).status).toBe('completed');
    expect([callsOf(first).length, callsOf(second).length]).toEqual([before, 1]);

    await ask('POST', '/nodes/first/resume');
    await ask('POST', '/nodes/second/drain');
    await waitForNodes((known) => known.map(({ wanted }) => wanted).join() === 'active,draining');
    expect((await hydra.outcome(await hydra.submit(REQUEST))).status).toBe('completed');
    expect([callsOf(first).length, callsOf(second).length]).toEqual([before + 1, 1]);
  });

  test('removing the last one lets them end, the next ones wait and say for what, and go on when one is added', async () => {
    const before = callsOf(second).length;
    const running = await hydra.submit(REQUEST);
    await waitUntil(() => isAnswering(first));
    await ask('DELETE', '/nodes/first');
    await waitForNodes((known) => known.length === 0);
    expect(isAnswering(first)).toBe(true);
    expect((await hydra.outcome(running)).result?.state).toBe('verified');

    const waiting = await hydra.submit(REQUEST);
    await waitUntil(async () => (await readRun(waiting)).progress?.waiting[0] !== undefined);
    expect((await readRun(waiting)).progress?.waiting[0]?.reason).toMatch(/no host/i);
    expect((await cli('status', waiting)).stdout).toMatch(/Waiting +for .*no host is known/);
    const shown = (await cli('nodes')).stdout;
    expect(shown).toContain('No Ollama host is known; requests wait for one.');
    expect(shown).toMatch(/Removed: .*first.*\. Bring one back with: .*hydra nodes resume/);

    await addSecond();
    expect((await hydra.outcome(waiting)).result?.state).toBe('verified');
    expect(callsOf(second).length).toBeGreaterThan(before);
  });
});

function readRun(id: string): Promise<WireRun> {
  return ask('GET', `/runs/${id}`);
}

describe('the owner of the fleet', () => {
  test('uses what another process added within a second', async () => {
    const added = await addSecond();
    expect(added).toMatchObject({ id: 'second', origin: 'added', state: 'unknown' });
    const startedAt = performance.now();
    await waitForNodes((known) => known.length === 2);
    // The second, and what a busy machine adds to it.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('looks at a host when another process asks, and that one shows what was found', async () => {
    expect(await ask('POST', '/nodes/first/probe')).toMatchObject({ fresh: true, node: { id: 'first', state: 'up' } });
    const port = await findFreePort();
    await ask('POST', '/nodes', { url: `http://127.0.0.1:${port}`, name: 'dead' });
    const probed = await cli('nodes', 'probe', 'dead');
    expect(probed.stdout).toMatch(/State +down: .*refused/i);
  });

  test('shows an added host whose token is missing, with the name of the variable', async () => {
    await ask('POST', '/nodes', { url: second.url, name: 'guarded', token_env: 'HYDRA_TOKEN_GUARDED' });
    await waitForNodes((known) => known.some(({ problem }) => problem?.includes('HYDRA_TOKEN_GUARDED') ?? false));
    expect((await cli('nodes')).stdout).toMatch(/guarded +down .*HYDRA_TOKEN_GUARDED/);
  });
});

test('a watch that is piped writes a line for each change, or JSON, until Ctrl-C', async () => {
  const [text, json] = [
    ['nodes', '--watch'],
    ['nodes', '--watch', '--json'],
  ].map((words) => startCli(words, environment));
  await Promise.all([text?.waitFor('first  up'), json?.waitFor('"first"')]);
  await ask('POST', '/nodes/first/drain');
  await Promise.all([text?.waitFor('up, draining'), json?.waitFor('"draining"')]);
  for (const watch of [text, json]) watch?.process.kill('SIGINT');
  const ended = await Promise.all([text?.ended, json?.ended]);
  expect(ended.map((end) => end?.code)).toEqual([130, 130]);
  const lists = (ended[1]?.stdout ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as WireNodeList);
  expect(lists.at(-1)?.nodes).toMatchObject([{ id: 'first', wanted: 'draining' }]);
});
