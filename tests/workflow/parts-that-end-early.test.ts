import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PartId, RunId } from '../../domain/ids.ts';
import type { RunRecord } from '../../domain/run.ts';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { partWorkflowId } from '../../workflows/contract.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const part = (id: string, file: string, uses: readonly object[] = []) => ({
  id,
  title: `write ${id}`,
  kind: 'function',
  file,
  provides: [{ name: id, signature: `function ${id}(a, b)`, doc: 'Numbers in, a number out.' }],
  uses,
  requirements: [],
  examples: [{ call: `${id}(1, 2)`, expected: id === 'product' ? '2' : '6' }],
});
const PLAN = {
  summary: 'Multiply, then triple.',
  files: [
    { path: 'product.js', purpose: 'multiplying' },
    { path: 'main.js', purpose: 'entry' },
  ],
  shared_types: [],
  parts: [part('product', 'product.js'), part('tripled', 'main.js', [{ part: 'product', symbol: 'product' }])],
  main_file: 'main.js',
};
const code = (body: string): string => `\`\`\`javascript\n${body}\n\`\`\``;
const PRODUCT = code('export function product(a, b) {\n  return a * b;\n}');
const TRIPLED = code(
  "import { product } from './product.js';\n\nexport function tripled(a, b) {\n  return 3 * product(a, b);\n}",
);

/** From the first answer for `tripled` on the host says nothing more: the part has one candidate and goes on being built. */
function answer({ prompt, format }: Question): string | undefined {
  if (JSON.stringify(format ?? '').includes('main_file')) return JSON.stringify(PLAN);
  if (format) return JSON.stringify({ calls: [] });
  if (prompt.includes('Your part is "write product"')) return PRODUCT;
  if (!prompt.includes('Your part is "write tripled"')) return code('export function tripled(a, b) {\n  return 0;\n}');
  if (prompt.includes('no code')) {
    refusals += 1;
    if (refusals === 2) node.faults.add({ kind: prompt.includes('then no model') ? 'model_missing' : 'never_answer' });
    return 'I would rather not.';
  }
  node.faults.add({ kind: 'never_answer' });
  return TRIPLED;
}

const LIMITS = { modelCalls: 60, tokens: 1e6, minutes: 5, parts: 4, repairRounds: 0 };
const REQUEST = {
  language: 'javascript',
  decompose: 'always',
  fresh: true,
  examples: [{ call: 'tripled(1, 2)', expected: '6', source: 'user' }],
} as const;
const ask = (words: string): string => `Write a JavaScript function tripled(a, b). ${words}`;

/** Answers without code for `tripled` in this test. */
let refusals = 0;
let node: SimulatedNode;
let hydra: RunningHydra;

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:14b', { parameterSize: '14B' })],
    slots: 1,
    answers: answer,
  });
  // Calls wait for a host only where a test takes it away; a busy machine must not look like that.
  hydra = await startHydra({ nodes: { n1: node.url }, environment: { HYDRA_NODE_WAIT_SECONDS: '8' } });
});

afterEach(() => {
  node.faults.clear();
  refusals = 0;
});

afterAll(async () => {
  await hydra?.stop();
  await node?.close();
});

function explanationsOf({ result }: RunRecord): string {
  return result?.explanations.join(' ') ?? '';
}

function child(id: RunId, partId: string) {
  return hydra.temporal.client.workflow.getHandle(partWorkflowId(id, partId as PartId));
}

async function progressOf(id: RunId) {
  return (await hydra.memory.runs.find(id))?.progress;
}

/** Waits until `tripled` has one candidate that was checked, and waits for the answer of the next. */
async function untilTripledHasOne(id: RunId): Promise<void> {
  const isVerified = async (): Promise<boolean> =>
    (await hydra.events(id)).some(({ partId, body }) => partId === 'tripled' && body.type === 'candidate.verified');
  await waitUntil(isVerified);
}

describe('a part that is still being built', () => {
  test('at the limit of minutes counts with its best candidate, and with what it has spent', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask(''), limits: { ...LIMITS, minutes: 0.25 } });
    const done = await hydra.outcome(id);
    expect(done.error).toBeNull();
    expect(done.result?.state).toBe('verified');
    expect(explanationsOf(done)).toContain('limit of 0.25 minutes');
    expect(explanationsOf(done)).toContain('Part tripled was still being built at the end; its best candidate');
    expect(done.result?.parts).toContainEqual(expect.objectContaining({ id: 'tripled', attempts: 1 }));
    expect(done.progress?.parts.every((one) => one.done)).toBe(true);
    expect(await child(id, 'tripled').result()).toMatchObject({ wasCancelled: true, spent: { modelCalls: 1 } });
  });

  test('at the limit of model calls counts with its candidates, and the result names the limit', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('few calls'), limits: { ...LIMITS, modelCalls: 3 } });
    const done = await hydra.outcome(id);
    expect(done.result?.state).toBe('verified');
    expect(done.progress).toMatchObject({ modelCalls: 3 });
    expect(explanationsOf(done)).toContain('Part tripled: Ended at the limit of 3 model calls');
  });

  test('when it is cancelled by hand is said to be so, and the run goes on with what it has', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('by hand'), limits: LIMITS });
    await untilTripledHasOne(id);
    await child(id, 'tripled').cancel();
    const done = await hydra.outcome(id);
    expect(done.result?.state).toBe('verified');
    expect(explanationsOf(done)).toContain('Part tripled was cancelled by hand in Temporal; its best candidate');
    expect(explanationsOf(done)).not.toContain('limit');
  });

  test('when it is terminated by hand is said to be so, and what it had spent still counts', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('no code'), limits: LIMITS });
    await waitUntil(async () => ((await progressOf(id))?.modelCalls ?? 0) >= 5);
    await child(id, 'tripled').terminate();
    const done = await hydra.outcome(id);
    expect(explanationsOf(done)).toContain('Part tripled was terminated by hand in Temporal.');
    expect(done.progress).toMatchObject({ modelCalls: 5 });
    expect(done.result?.parts).toContainEqual(expect.objectContaining({ id: 'tripled', state: 'failed', attempts: 2 }));
  });

  test('and has no candidate leaves a partial result with the parts that are there', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('no code'), limits: { ...LIMITS, minutes: 0.15 } });
    const done = await hydra.outcome(id);
    expect(done.result?.state).toBe('partial');
    expect((await hydra.program(done)).files.map((file) => file.path)).toEqual(['product.js']);
    expect(explanationsOf(done)).toContain('It lacks tripled, for which there is no program.');
    expect(explanationsOf(done)).toContain('Part tripled: 2 of 2 answers held no program: no javascript code (2).');
  });

  test('ends with its run when that is cancelled', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('cancelled'), limits: LIMITS });
    await untilTripledHasOne(id);
    await hydra.cancel(id);
    expect(await hydra.outcome(id)).toMatchObject({ status: 'cancelled', error: { type: 'Cancelled' } });
    await waitUntil(() => node.log().totals.open === 0);
    expect(await child(id, 'tripled').result()).toMatchObject({ wasCancelled: true });
  });
});

describe('a part', () => {
  test('tells its run what it does, as progress and as events of its own', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('told'), limits: LIMITS });
    await untilTripledHasOne(id);
    const tripled = (await progressOf(id))?.parts.find((one) => one.id === 'tripled');
    expect(tripled).toMatchObject({ doing: 'writing and checking candidates 1 and 2 of 2', done: false });
    const details = await child(id, 'tripled').query('__temporal_workflow_metadata');
    expect(JSON.stringify(details)).toContain('| 1 | passed');
    await hydra.cancel(id);
    await hydra.outcome(id);
    const changes = (await hydra.events(id)).flatMap(({ partId, body }) =>
      body.type === 'part.changed' && partId === 'tripled' ? [body.doing] : [],
    );
    expect(changes).toEqual(['starting', 'writing and checking candidates 1 and 2 of 2', expect.any(String)]);
  });

  test('that fails is said to have failed, and what it had spent still counts', async () => {
    const id = await hydra.submit({ ...REQUEST, prompt: ask('no code, then no model'), limits: LIMITS });
    const done = await hydra.outcome(id);
    expect(done.result?.state).toBe('partial');
    expect(explanationsOf(done)).toContain('Part tripled failed: No Ollama host served');
    expect(done.progress).toMatchObject({ modelCalls: 5 });
    expect(done.result?.parts).toContainEqual(expect.objectContaining({ id: 'tripled', state: 'failed', attempts: 2 }));
  });
});
