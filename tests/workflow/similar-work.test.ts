import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeptEntry, SearchedKind } from '../../domain/memory-entry.ts';
import type { RunRecord } from '../../domain/run.ts';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { HISTORY_CASES } from '../support/history-cases.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';

const code = (body: string): string => `\`\`\`javascript\n${body}\n\`\`\``;
const ASCENDING = 'export function sortNumbers(numbers) {\n  return [...numbers].sort((a, b) => a - b);\n}';
const DESCENDING = 'export function sortNumbers(numbers) {\n  return [...numbers].sort((a, b) => b - a);\n}';
const ADD = 'export function add(a, b) {\n  return a + b;\n}';
const SUBTRACT = 'export function add(a, b) {\n  return a - b;\n}';
const planned = HISTORY_CASES.find(({ id }) => id === 'decomposed')!;

/** Everything that a model was asked, in order. */
const asked: Question[] = [];

/** Goes by the first line, which is the request's own, whatever stands below it. */
function answer(question: Question): string | undefined {
  asked.push(question);
  const [request = ''] = question.prompt.split('\n');
  if (question.prompt.includes('is not right yet')) return code(ADD);
  if (request.includes('copied')) return code(ASCENDING);
  if (request.includes('ascending')) return code(ASCENDING);
  if (request.includes('descending')) return code(DESCENDING);
  if (request.includes('add(')) return code(SUBTRACT);
  return planned.answer(question);
}

const sorting = (direction: string) => `Write a JavaScript function sortNumbers(numbers) that sorts ${direction}.`;
const UP = { call: 'sortNumbers([3, 1, 2])', expected: '[1, 2, 3]', source: 'user' } as const;
const DOWN = { call: 'sortNumbers([3, 1, 2])', expected: '[3, 2, 1]', source: 'user' } as const;
const SUM = { call: 'add(2, 3)', expected: '5', source: 'user' } as const;

let node: SimulatedNode;
let hydra: RunningHydra;

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: answer,
  });
  hydra = await startHydra({ nodes: { n1: node.url }, environment: { HYDRA_RECALL_TOKENS: '2048' } });
});

afterAll(async () => {
  await hydra?.stop();
  await node?.close();
});

/** Each test has a namespace of its own, so that what one leaves behind is nothing to the others. */
async function run(namespace: string, change: Parameters<RunningHydra['submit']>[0]): Promise<RunRecord> {
  const done = await hydra.outcome(
    await hydra.submit({ namespace, language: 'javascript', decompose: 'never', candidates: 1, ...change }),
  );
  expect(done.error).toBeNull();
  return done;
}

async function codeOf(done: RunRecord): Promise<string | undefined> {
  return (await hydra.program(done)).files[0]?.content.trim();
}

async function entriesOf(namespace: string, kind: SearchedKind): Promise<readonly KeptEntry[]> {
  const entries: KeptEntry[] = [];
  for await (const entry of hydra.entries.list({ namespace, kinds: [kind], limit: 100 })) entries.push(entry);
  return entries;
}

describe('similar verified work', () => {
  test('is shown to the model of an opposite request as data, and the answer is made anew and its own', async () => {
    const first = await run('opposite', { prompt: sorting('ascending'), examples: [UP] });
    const second = await run('opposite', { prompt: sorting('descending'), examples: [DOWN] });
    const shown = asked.at(-1)?.prompt ?? '';
    expect(shown).toContain(ASCENDING);
    expect(shown).toContain(`From run ${first.id}`);
    expect(shown).toContain('requests that look alike may ask for the opposite');
    expect(await codeOf(second)).toBe(DESCENDING);
    expect(second.result).toMatchObject({ state: 'verified', recalledFrom: null });
    expect(second.result?.explanations.join(' ')).toMatch(
      new RegExp(`Offered to the models as context, from memory: work [0-9a-f]{64} of run ${first.id}`),
    );
  });

  test('does not change what exactly the same request is answered with', async () => {
    const up = await run('exact', { prompt: sorting('ascending'), examples: [UP] });
    const down = await run('exact', { prompt: sorting('descending'), examples: [DOWN] });
    const calls = asked.length;
    const [upAgain, downAgain] = [
      await run('exact', { prompt: sorting('ascending'), examples: [UP] }),
      await run('exact', { prompt: sorting('descending'), examples: [DOWN] }),
    ];
    expect(asked).toHaveLength(calls);
    expect([upAgain.result?.recalledFrom, downAgain.result?.recalledFrom]).toEqual([up.id, down.id]);
    expect([await codeOf(upAgain), await codeOf(downAgain)]).toEqual([ASCENDING, DESCENDING]);
  });

  test('stays in its namespace, and out of a run that is to be fresh', async () => {
    await run('mine', { prompt: sorting('ascending'), examples: [UP] });
    for (const change of [{ namespace: 'theirs' }, { fresh: true }]) {
      const done = await run('mine', { prompt: sorting('descending'), examples: [DOWN], ...change });
      expect(asked.at(-1)?.prompt).not.toContain('From memory');
      expect(done.result?.explanations.join(' ')).not.toContain('from memory');
    }
    expect(await entriesOf('theirs', 'work')).toHaveLength(1);
  });

  test('is kept once, however many requests end in the same code', async () => {
    for (let number = 1; number <= 10; number++) {
      const done = await run('once', {
        prompt: `${sorting('ascending')} This is copied for ${number}.`,
        examples: [UP],
      });
      expect(done.result).toMatchObject({ state: 'verified', recalledFrom: null });
    }
    expect(await entriesOf('once', 'work')).toHaveLength(1);
    expect(asked.at(-1)?.prompt.split(ASCENDING)).toHaveLength(2);
  });

  test('is not kept when nothing of the user has proven it', async () => {
    const done = await run('unproven', { prompt: sorting('ascending') });
    expect(done.result?.state).toBe('unverified');
    expect(await entriesOf('unproven', 'work')).toEqual([]);
  });

  test('of a plan is kept part by part, each with its contract', async () => {
    const { prompt, examples } = planned.request as { prompt: string; examples: readonly [typeof SUM] };
    const done = await run('parts', { prompt, examples, decompose: 'always' });
    expect(done.result?.state).toBe('verified');
    const values = (await entriesOf('parts', 'work')).map(({ value }) => value);
    expect(values).toHaveLength(3);
    expect(values).toContainEqual(
      expect.objectContaining({
        request: 'write double',
        contract: 'function double(a): Numbers in, a number out.',
        code: 'export function double(a) {\n  return a * 2;\n}',
        tests: 'sumOfDoubles(1, 2) -> 6',
      }),
    );
  });
});

describe('a lesson', () => {
  test('is kept of a repair that passed, and shown when the same error is repaired again', async () => {
    const first = await run('lessons', { prompt: 'Write a JavaScript function add(a, b).', examples: [SUM] });
    const [lesson, ...others] = await entriesOf('lessons', 'lesson');
    expect(others).toEqual([]);
    expect(lesson).toMatchObject({ runId: first.id, value: { error: expect.stringContaining('gave -1, expected 5') } });
    const fix = '-  return a - b;\n+  return a + b;';
    expect(lesson?.value).toMatchObject({ fix: expect.stringContaining(fix) });
    const second = await run('lessons', {
      prompt: 'Please give me the JavaScript function add(a, b)!',
      examples: [SUM],
    });
    expect(second.result?.state).toBe('verified');
    expect(asked.at(-1)?.prompt).toContain(fix);
    expect(second.result?.explanations.join(' ')).toContain(`lesson ${lesson?.id} of run ${first.id}`);
    expect(await entriesOf('lessons', 'lesson')).toHaveLength(1);
  });
});
