import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../domain/run.ts';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { partWorkflowId } from '../../workflows/contract.ts';
import type { PartId } from '../../domain/ids.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';

const part = (id: string, file: string, signature: string, uses: object[] = []) => ({
  id,
  title: `write ${id}`,
  kind: 'function',
  file,
  provides: [{ name: id, signature, doc: `Numbers in, number out: ${id}.` }],
  uses,
  requirements: [],
  examples: [],
});
const PLAN = {
  summary: 'double and then add',
  files: [
    { path: 'double.js', purpose: 'doubling' },
    { path: 'main.js', purpose: 'entry' },
  ],
  shared_types: [],
  parts: [
    part('sumOfDoubles', 'main.js', 'function sumOfDoubles(a, b)', [{ part: 'double', symbol: 'double' }]),
    part('double', 'double.js', 'function double(a)'),
  ],
  main_file: 'main.js',
};
const code = (body: string): string => `\`\`\`javascript\n${body}\n\`\`\``;
const DOUBLE = code('export function double(a) {\n  return a * 2;\n}');
const TRIPLE = code('export function double(a) {\n  return a * 3;\n}');
const SUM = code(
  "import { double } from './double.js';\n\nexport function sumOfDoubles(a, b) {\n  return double(a) + double(b);\n}",
);

function schemaOf(format: unknown): string {
  return JSON.stringify(format ?? '');
}

/** Whole programs are always wrong here, so that the plan is needed. */
function answer({ prompt, format, seed }: Question): string | undefined {
  if (schemaOf(format).includes('main_file')) {
    if (prompt.includes('circle'))
      return JSON.stringify({
        ...PLAN,
        parts: PLAN.parts.map((one) => ({ ...one, uses: [{ part: one.id, symbol: one.id }] })),
      });
    return prompt.includes('cannot be used') ? 'still no plan' : JSON.stringify(PLAN);
  }
  if (format) return JSON.stringify({ calls: [] });
  if (prompt.includes('Your part is "write double"'))
    return prompt.includes('blame') && seed % 2 === 1 ? TRIPLE : DOUBLE;
  if (prompt.includes('Your part is "write sumOfDoubles"')) return SUM;
  return code('export function sumOfDoubles(a, b) {\n  return 0;\n}');
}

const EXAMPLE = { call: 'sumOfDoubles(1, 2)', expected: '6', source: 'user' } as const;
const ask = (words: string): string => `Write a JavaScript function sumOfDoubles(a, b). ${words}`;

let node: SimulatedNode;
let hydra: RunningHydra;

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:14b', { parameterSize: '14B' })],
    slots: 2,
    answers: answer,
  });
  hydra = await startHydra({ nodes: { n1: node.url } });
});

afterAll(async () => {
  await hydra?.stop();
  await node?.close();
});

async function run(change: Parameters<RunningHydra['submit']>[0]): Promise<RunRecord> {
  return hydra.outcome(await hydra.submit({ language: 'javascript', examples: [EXAMPLE], ...change }));
}

describe('a request that needs parts', () => {
  test('is not planned when its limit of model calls is used up, and ends with what there is', async () => {
    const limits = { modelCalls: 2, tokens: 1e6, minutes: 5, parts: 4, repairRounds: 0 };
    const done = await run({ prompt: ask('limit'), limits });
    expect(done.result).toMatchObject({ state: 'partial', parts: [{ id: 'whole', attempts: 2 }] });
    expect(done.progress).toMatchObject({ modelCalls: 2 });
  });

  test('is planned after its attempt failed, built part by part in child workflows, merged, and verified as a whole', async () => {
    const done = await run({ prompt: ask('') });
    expect(done.error).toBeNull();
    expect(done.result?.state).toBe('verified');
    expect(done.result?.parts.map((one) => one.id).toSorted()).toEqual(['double', 'sumOfDoubles', 'whole']);
    const program = await hydra.program(done);
    expect(program.files.map((file) => file.path).toSorted()).toEqual(['double.js', 'main.js']);
    const child = hydra.temporal.client.workflow.getHandle(partWorkflowId(done.id, 'double' as PartId));
    expect((await child.describe()).status.name).toBe('COMPLETED');
  });

  test('is planned at once when it says so', async () => {
    const done = await run({ prompt: ask('planned'), decompose: 'always' });
    expect(done.result?.state).toBe('verified');
    const roles = (await hydra.events(done.id)).flatMap(({ body }) =>
      body.type === 'model.started' ? [body.role] : [],
    );
    expect(roles[0]).toBe('plan');
  });

  test('is never planned when it says so', async () => {
    const done = await run({ prompt: ask('whole only'), decompose: 'never' });
    expect(done.result?.state).toBe('partial');
    expect(done.progress?.parts).toEqual([]);
  });

  test('falls back to the whole program when two plans are refused, and says so', async () => {
    const done = await run({ prompt: ask('circle'), decompose: 'always' });
    expect(done.result?.state).toBe('partial');
    expect(done.result?.explanations.join(' ')).toContain('No usable plan');
  });

  test('finds the part to blame by swapping in its next candidate when the merged program fails', async () => {
    const done = await run({ prompt: ask('blame'), decompose: 'always' });
    expect(done.result?.state).toBe('verified');
    expect((await hydra.program(done)).files.find((file) => file.path === 'double.js')?.content).toContain('a * 2');
  });
});
