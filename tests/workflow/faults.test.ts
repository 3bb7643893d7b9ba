import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const RIGHT = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';
const MODEL = simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' });
const REQUEST = {
  prompt: 'Write a JavaScript function add(a, b).',
  language: 'javascript',
  examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
  candidates: 1,
  fresh: true,
} as const;

let first: SimulatedNode;
let second: SimulatedNode;
let hydra: RunningHydra;

beforeAll(async () => {
  const options = { models: [MODEL], answers: () => RIGHT };
  [first, second] = [await startSimulatedNode(options), await startSimulatedNode(options)];
  hydra = await startHydra({
    nodes: { first: first.url, second: second.url },
    environment: { HYDRA_FIRST_TOKEN_TIMEOUT_SECONDS: '2', HYDRA_IDLE_TIMEOUT_SECONDS: '2' },
  });
});

afterEach(() => {
  first.faults.clear();
  second.faults.clear();
});

afterAll(async () => {
  await hydra?.stop();
  await Promise.all([first?.close(), second?.close()]);
});

/** The same fault on whichever node gets the call first. */
function hitOnce(fault: Parameters<SimulatedNode['faults']['add']>[0]): void {
  // One call each: the first try fails wherever it lands, and so may the second; the third cannot.
  first.faults.add({ ...fault, times: 1 });
  second.faults.add({ ...fault, times: 1 });
}

async function reroutes(id: RunId): Promise<number> {
  const run = await hydra.outcome(id);
  expect(run.error).toBeNull();
  expect(run.result?.state).toBe('verified');
  const events = await hydra.events(id);
  return events.filter((event) => event.body.type === 'model.started').length - 1;
}

describe('a run goes on when', () => {
  test('the node dies in the middle of the answer', async () => {
    hitOnce({ kind: 'die_mid_stream', afterTokens: 5 });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });

  test('the node accepts the call and never answers', async () => {
    hitOnce({ kind: 'never_answer' });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });

  test('the node falls silent in the middle of the answer', async () => {
    hitOnce({ kind: 'stall_mid_stream', afterTokens: 5 });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });

  test('the stream ends without saying that it is done', async () => {
    hitOnce({ kind: 'end_without_done', afterTokens: 5 });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });

  test('the node has lost the model', async () => {
    hitOnce({ kind: 'model_missing' });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });

  test('the node answers that it is broken', async () => {
    hitOnce({ kind: 'http_error', status: 500, message: 'llama runner process has terminated' });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });

  test('the node no longer takes the token that it is given', async () => {
    hitOnce({ kind: 'http_error', status: 401, message: 'unauthorized' });
    expect(await reroutes(await hydra.submit(REQUEST))).toBeGreaterThan(0);
  });
});

describe('a run', () => {
  test('whose only answer was cut at the token limit fails with the reason, and is not called complete', async () => {
    const cut = { kind: 'done_reason', reason: 'length', afterTokens: 3 } as const;
    first.faults.add(cut);
    second.faults.add(cut);
    const run = await hydra.outcome(await hydra.submit({ ...REQUEST, decompose: 'never' }));
    expect(run).toMatchObject({ status: 'failed', error: { type: 'ModelOutputInvalid' } });
    expect(JSON.stringify(run.error?.details)).toMatch(/did not end within/);
  });

  test('that is cancelled closes the socket of its call within two seconds', async () => {
    first.faults.add({ kind: 'slow', factor: 1 });
    const stall = { kind: 'stall_mid_stream', afterTokens: 2 } as const;
    first.faults.add(stall);
    second.faults.add(stall);
    const id = await hydra.submit(REQUEST);
    const openCalls = (): number =>
      [first, second]
        .flatMap((node) => node.log().calls)
        .filter((call) => call.ending === 'open' && call.path === '/api/chat').length;
    await waitUntil(() => openCalls() > 0);
    const cancelledAt = performance.now();
    expect(await hydra.cancel(id)).toBe(true);
    await waitUntil(() => openCalls() === 0);
    expect(performance.now() - cancelledAt).toBeLessThan(2_000);
    expect(await hydra.outcome(id)).toMatchObject({ status: 'cancelled', error: { type: 'Cancelled' } });
  });

  test('waits while every node is down, and goes on when one comes up', async () => {
    const silent = { kind: 'never_answer', everywhere: true } as const;
    first.faults.add(silent);
    second.faults.add(silent);
    await waitUntil(async () => (await hydra.memory.nodeSnapshots.read()).every((node) => node.state === 'down'));
    const id = await hydra.submit(REQUEST);
    await waitUntil(async () => (await hydra.memory.runs.find(id))?.progress?.phase === 'attempt');
    second.faults.clear();
    expect(await hydra.outcome(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
  });
});
