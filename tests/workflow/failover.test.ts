import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../domain/run-event.ts';
import type { SimulatedAnswer } from '../../models/simulated-node/answer-source.ts';
import type { SimulatedFault } from '../../models/simulated-node/faults.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';

const RIGHT = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';
const CODER = simulatedModel('coder:7b', { parameterSize: '7B' });
const SMALL = simulatedModel('small:1b', { parameterSize: '1B' });
const THINKER = simulatedModel('thinker:8b', { parameterSize: '8B', capabilities: ['completion', 'thinking'] });
const CLASSIFICATION = {
  kind: 'function',
  language: 'javascript',
  entry_points: ['add'],
  needs_network: false,
  needs_files: false,
  needs_gui: false,
  packages: [],
  complexity: 'simple',
};
const REQUEST = {
  prompt: 'Write a JavaScript function add(a, b).',
  language: 'javascript',
  examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
  candidates: 1,
  decompose: 'never',
  fresh: true,
} as const;

let nodes: readonly [SimulatedNode, SimulatedNode];
let hydra: RunningHydra;

beforeAll(async () => {
  const answers = ({ format }: { readonly format: unknown }): SimulatedAnswer => ({
    text: format === undefined ? RIGHT : JSON.stringify(CLASSIFICATION),
    thinking: 'Two numbers come in, and one goes out. Nothing else is asked for.',
  });
  const options = { models: [CODER, SMALL, THINKER], answers };
  nodes = [await startSimulatedNode(options), await startSimulatedNode(options)];
  hydra = await startHydra({
    nodes: { first: nodes[0].url, second: nodes[1].url },
    environment: {
      HYDRA_WORKER_MODELS: 'coder:7b, small:1b',
      HYDRA_LIGHT_MODEL: 'small:1b',
      HYDRA_IDLE_TIMEOUT_SECONDS: '3',
    },
    runner: null,
  });
});

afterEach(() => {
  for (const node of nodes) node.faults.clear();
});

afterAll(async () => {
  await hydra?.stop();
  for (const node of nodes ?? []) await node.close();
});

/** Hits the next call on each node. */
function hitOnce(...faults: readonly SimulatedFault[]): void {
  for (const node of nodes) for (const fault of faults) node.faults.add({ ...fault, times: 1 });
}

function hitAlways(fault: SimulatedFault): void {
  for (const node of nodes) node.faults.add(fault);
}

async function runWith(change: Partial<Parameters<RunningHydra['submit']>[0]> = {}) {
  const before = nodes.map((node) => node.log().calls.length);
  const id = await hydra.submit({ ...REQUEST, ...change });
  const run = await hydra.outcome(id);
  const calls = nodes.flatMap((node, index) => node.log().calls.slice(before[index]));
  const asked = calls.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  return { run, events: await hydra.events(id), asked };
}

type Call = Awaited<ReturnType<typeof runWith>>['asked'][number];

/** The text that a reader of the run sees in the end: that of the last attempt of the step that wrote the code. */
function textSeen(events: readonly RunEvent[]): string {
  const deltas = events.flatMap((event) =>
    event.body.type === 'text.delta' ? [{ ...event, text: event.body.text }] : [],
  );
  const stepKey = deltas.at(-1)?.stepKey;
  const own = deltas.filter((delta) => delta.stepKey === stepKey);
  const last = Math.max(...own.map((delta) => delta.attempt));
  return own
    .filter((delta) => delta.attempt === last)
    .map((delta) => delta.text)
    .join('');
}

const contextOf = ({ body }: Call): unknown => (body['options'] as Record<string, unknown>)['num_ctx'];
const resumedBy = ({ body }: Call): unknown =>
  (body['messages'] as { role: string; content: string }[]).find(({ role }) => role === 'assistant')?.content;

describe('a call that moves to another host', () => {
  test('goes on with the text that was there, and readers see none of it twice', async () => {
    hitOnce({ kind: 'die_mid_stream', afterTokens: 6 });
    const { run, events, asked } = await runWith();
    expect(run.status).toBe('completed');
    expect(asked.map(resumedBy)).toEqual([undefined, RIGHT.slice(0, 24), RIGHT.slice(0, 48)]);
    expect(textSeen(events)).toBe(RIGHT);
    expect((await hydra.program(run)).files[0]?.content).toContain('return a + b');
  });

  test('of a model that died while it thought starts over; one that had begun to answer does not think again', async () => {
    const thought = Math.ceil('Two numbers come in, and one goes out. Nothing else is asked for.'.length / 4);
    nodes[0].faults.add({ kind: 'die_mid_stream', afterTokens: 5, times: 1 });
    nodes[1].faults.add({ kind: 'die_mid_stream', afterTokens: 5, times: 1 });
    nodes[0].faults.add({ kind: 'stall_mid_stream', afterTokens: thought + 4, times: 2 });
    nodes[1].faults.add({ kind: 'stall_mid_stream', afterTokens: thought + 4, times: 2 });
    const { run, events, asked } = await runWith({ models: ['thinker:8b'] });
    expect(run.status).toBe('completed');
    expect(asked.slice(0, 3).map(resumedBy)).toEqual([undefined, undefined, undefined]);
    expect(asked.slice(0, 3).map((call) => call.body['think'])).toEqual([undefined, undefined, undefined]);
    expect(asked.slice(3).map((call) => [resumedBy(call), call.body['think']])).toEqual([[RIGHT.slice(0, 16), false]]);
    expect(textSeen(events)).toBe(RIGHT);
  });

  test('starts over when its answer must be data', async () => {
    hitOnce({ kind: 'die_mid_stream', afterTokens: 6 });
    const { language: _, ...unclear } = REQUEST;
    const { run, asked } = await runWith({ ...unclear, prompt: 'I want two numbers put together.', examples: [] });
    expect(run.status).toBe('completed');
    const data = asked.filter(
      (call) => call.body['format'] !== undefined && JSON.stringify(call.body['format']).includes('entry_points'),
    );
    expect(data.length).toBe(3);
    expect(data.map(resumedBy)).toEqual([undefined, undefined, undefined]);
  });

  test('survives two different faults in one call', async () => {
    nodes[0].faults.add({
      kind: 'http_error',
      status: 500,
      message: 'llama runner process has terminated: exit status 2',
      times: 1,
    });
    nodes[1].faults.add({ kind: 'end_without_done', afterTokens: 6, times: 1 });
    const { run, events } = await runWith();
    expect(run.status).toBe('completed');
    expect(textSeen(events)).toBe(RIGHT);
  });

  test('survives a line of 10 MB', async () => {
    hitOnce({ kind: 'huge_line', bytes: 10 * 1024 * 1024 });
    const { run, asked } = await runWith();
    expect(run.status).toBe('completed');
    expect(asked.length).toBeGreaterThan(1);
  });
});

describe('a host that is busy', () => {
  test('is asked again later, and nobody is blamed: no hop is counted', async () => {
    hitOnce({
      kind: 'http_error',
      status: 503,
      message: 'server busy, please try again.  maximum pending requests exceeded',
    });
    const { run, asked } = await runWith();
    expect([run.status, asked.length]).toEqual(['completed', 3]);
    const snapshots = await hydra.memory.nodeSnapshots.read();
    expect(snapshots.map((node) => node.state)).toEqual(['up', 'up']);
  });
});

describe('a model that does not fit', () => {
  test('into one host is asked on the other, and that host is not asked again', async () => {
    nodes[0].faults.add({ kind: 'out_of_memory', model: 'thinker:8b' });
    const before = nodes[0].log().calls.filter((call) => call.model === 'thinker:8b').length;
    for (let round = 0; round < 3; round += 1) {
      const { run } = await runWith({ models: ['thinker:8b'] });
      expect(run.result?.explanations.join(' ')).not.toContain('did not fit');
    }
    expect(nodes[0].log().calls.filter((call) => call.model === 'thinker:8b').length - before).toBeLessThanOrEqual(1);
  });

  test('into any host is asked with a smaller context, and the result says so', async () => {
    hitAlways({ kind: 'out_of_memory', model: 'coder:7b', fitsContextTokens: 4096 });
    const { run, asked } = await runWith();
    expect(run.status).toBe('completed');
    expect(asked.map(contextOf)).toEqual([8192, 8192, 4096]);
    expect(run.result?.explanations).toContain(
      'coder:7b did not fit into the memory of any host; it was asked with a context of 4096 tokens instead of 8192.',
    );
  });

  test('with any context lets a smaller worker model answer, and the result says so', async () => {
    hitAlways({ kind: 'out_of_memory', model: 'coder:7b' });
    const { run, asked } = await runWith();
    expect(run.status).toBe('completed');
    expect(run.result?.parts[0]?.model).toBe('small:1b');
    expect(asked.at(-1)).toMatchObject({ model: 'small:1b' });
    expect(run.result?.explanations).toContain(
      'coder:7b did not fit into the memory of any host; small:1b answered in its place.',
    );
  });

  test('and has no smaller one in its place ends the run with what is the matter', async () => {
    hitAlways({ kind: 'out_of_memory' });
    const { run } = await runWith({ models: ['thinker:8b'] });
    expect(run).toMatchObject({ status: 'failed', error: { type: 'OutOfMemory' } });
    expect(run.error?.message).toContain('thinker:8b');
  });
});
