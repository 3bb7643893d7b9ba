import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../domain/run.ts';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const code = (body: string): string => `Here it is:\n\`\`\`javascript\n${body}\n\`\`\`\nThat is all.`;
const RIGHT = code('export function add(a, b) {\n  return a + b;\n}');
const WRONG = code('export function add(a, b) {\n  return a - b;\n}');
const BROKEN = code('export function add(a, b) {\n  return a +');
const CALLS = JSON.stringify({ calls: [{ call: 'add(1, 1)', expected: '2' }] });

/** What the model says to each test: the word in the prompt names the behaviour. */
function answer({ prompt, seed, format }: Question): string | undefined {
  if (prompt.includes('talks once')) talksOnce = true;
  if (format && prompt.includes('cannot be used') && talksOnce) return CALLS;
  if (format)
    return /no-json|cannot be used|talks once/.test(prompt)
      ? 'I would rather talk.'
      : prompt.includes('add')
        ? CALLS
        : undefined;
  if (prompt.includes('first without code')) return seed === 1 ? 'I cannot do that.' : RIGHT;
  if (prompt.includes('gave -1, expected 5')) return RIGHT;
  if (prompt.includes('parse:')) return RIGHT;
  if (prompt.includes('first-wrong')) return seed === 1 ? WRONG : RIGHT;
  if (prompt.includes('all-wrong') || prompt.includes('repairable')) return WRONG;
  if (prompt.includes('broken')) return BROKEN;
  if (prompt.includes('stall after one')) node.faults.add({ kind: 'never_answer' });
  if (prompt.includes('never code')) return 'I cannot do that.';
  if (prompt.includes('golang')) return '```go\npackage main\n\nfunc Add(a int, b int) int {\n\treturn a + b\n}\n```';
  return RIGHT;
}

const EXAMPLE = { call: 'add(2, 3)', expected: '5', source: 'user' } as const;
const BASE = { language: 'javascript', decompose: 'never' } as const;
const ask = (words: string): string => `Write a JavaScript function add(a, b). ${words}`;

/** Set by the test whose model first talks and then, asked to correct itself, answers in the form asked for. */
let talksOnce = false;
let node: SimulatedNode;
let hydra: RunningHydra;

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
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
  return hydra.outcome(await hydra.submit({ ...BASE, ...change }));
}

function checkOf({ result }: RunRecord, kind: string) {
  return result?.checks.find((check) => check.kind === kind);
}

describe('a result is', () => {
  test("verified when the user's examples pass, and names checks, node, model and sandbox", async () => {
    const done = await run({ prompt: ask(''), examples: [EXAMPLE] });
    expect(done.error).toBeNull();
    expect(done.result).toMatchObject({
      state: 'verified',
      language: 'javascript',
      confidence: null,
      parts: [{ id: 'whole', model: 'qwen2.5-coder:7b', node: 'n1' }],
    });
    expect(done.result?.runner).toMatch(/deno|bubblewrap/);
    expect(checkOf(done, 'examples')).toMatchObject({ author: 'user', trusted: true, passedCount: 1, totalCount: 1 });
    expect((await hydra.program(done)).files[0]?.content).toContain('return a + b');
  });

  test("verified when the user's own test file passes beside the program", async () => {
    const content =
      "import { test, expect } from 'vitest';\nimport { add } from './main.js';\ntest('adds', () => { expect(add(2, 3)).toBe(5); });\n";
    const done = await run({ prompt: ask('own-tests'), tests: [{ path: 'main.test.js', content }] });
    expect(done.error).toBeNull();
    expect(done.result?.state).toBe('verified');
    expect(checkOf(done, 'user_tests')).toMatchObject({
      author: 'user',
      inProcess: true,
      passedCount: 1,
      totalCount: 1,
    });
  });

  test('consistent when candidates agree and nothing trusted is there to check against', async () => {
    const done = await run({ prompt: ask('agree') });
    expect(done.result?.state).toBe('consistent');
    expect(checkOf(done, 'agreement')).toMatchObject({ trusted: false, passedCount: 2 });
  });

  test('unverified when one candidate was made and nothing can be compared', async () => {
    const done = await run({ prompt: ask('alone'), candidates: 1 });
    expect(done.result?.state).toBe('unverified');
  });

  test('partial when no candidate passes, with the failing check in it', async () => {
    const done = await run({
      prompt: ask('all-wrong'),
      examples: [EXAMPLE],
      limits: { modelCalls: 3, tokens: 1e6, minutes: 5, parts: 4, repairRounds: 0 },
    });
    expect(done.result?.state).toBe('partial');
    expect(checkOf(done, 'examples')).toMatchObject({
      outcome: 'failed',
      evidence: expect.stringContaining('add(2, 3) gave -1, expected 5'),
    });
    expect(done.result?.explanations.join(' ')).toContain('limit of 3 model calls');
  });

  test('unverified and said to be only parsed for a language that Hydra does not run', async () => {
    const done = await run({ prompt: 'Write a golang function Add', language: 'go' });
    expect(done.result).toMatchObject({ state: 'unverified', runner: null });
    expect(checkOf(done, 'import')).toMatchObject({
      outcome: 'skipped',
      evidence: expect.stringContaining('does not run go'),
    });
  });
});

describe('the pipeline', () => {
  test('chooses the candidate that passes over the one that came first', async () => {
    const done = await run({ prompt: ask('first-wrong'), examples: [EXAMPLE] });
    expect(done.result?.state).toBe('verified');
    expect((await hydra.program(done)).files[0]?.content).toContain('return a + b');
  });

  test('repairs a wrong candidate with what it returned', async () => {
    const done = await run({ prompt: ask('repairable'), examples: [EXAMPLE] });
    expect(done.result?.state).toBe('verified');
    const roles = (await hydra.events(done.id)).flatMap(({ body }) =>
      body.type === 'model.started' ? [body.role] : [],
    );
    expect(roles).toContain('repair');
  });

  test('repairs a candidate that does not parse', async () => {
    const done = await run({ prompt: ask('broken'), examples: [EXAMPLE] });
    expect(done.result?.state).toBe('verified');
  });

  test('says when the light model did not answer in the form asked for, and goes on', async () => {
    const done = await run({ prompt: 'Please add two numbers for me, no-json.' });
    expect(done.status).toBe('completed');
    expect(done.result?.explanations.join(' ')).toContain('the parser alone decided');
  });

  test('asks once more for calls when the answer breaks the form, and compares candidates by them', async () => {
    const done = await run({ prompt: ask('talks once') });
    talksOnce = false;
    expect(checkOf(done, 'model_tests')).toMatchObject({ author: 'model', trusted: false, totalCount: 1 });
    expect(done.result?.explanations.join(' ')).not.toContain('did not propose calls');
    // One call, its correction, and two candidates.
    expect(done.progress).toMatchObject({ modelCalls: 4 });
  });

  test('says when a model did not propose calls in the form asked for, and compares candidates by their signatures', async () => {
    const done = await run({ prompt: ask('no-json') });
    expect(done.result?.state).toBe('consistent');
    expect(done.result?.explanations.join(' ')).toContain('did not propose calls in the form asked for');
  });

  test('says how many answers held no program, also when another did', async () => {
    const done = await run({ prompt: ask('first without code'), examples: [EXAMPLE] });
    expect(done.result?.state).toBe('verified');
    const { modelCalls } = done.progress ?? { modelCalls: 0 };
    expect(done.result?.explanations).toContain(`1 of ${modelCalls} answers held no program: no javascript code (1).`);
  });

  test('says that an answer was cut off, also when another was not', async () => {
    node.faults.add({ kind: 'done_reason', reason: 'length', afterTokens: 3, times: 1 });
    const done = await run({ prompt: ask('cut once'), examples: [EXAMPLE] });
    expect(done.result?.state).toBe('verified');
    expect(done.result?.explanations.join(' ')).toMatch(/1 of \d answers held no program: cut off \(1\)\./);
  });

  test('fails with the reason when no answer holds a program', async () => {
    const done = await run({ prompt: ask('never code'), examples: [EXAMPLE] });
    expect(done).toMatchObject({ status: 'failed', error: { type: 'ModelOutputInvalid' } });
    expect(done.error?.message).toMatch(/No usable program came out of \d+ model calls/);
  });

  test('recalls a verified answer for the same request without any model call, and makes it anew when asked to', async () => {
    const request = { prompt: ask('recall me'), examples: [EXAMPLE] };
    const made = await run(request);
    const callsBefore = node.log().totals.answered;
    const recalled = await run(request);
    expect(recalled.result).toMatchObject({ state: 'verified', recalledFrom: made.id });
    expect(node.log().totals.answered).toBe(callsBefore);
    expect((await run({ ...request, fresh: true })).result?.recalledFrom).toBeNull();
    expect(node.log().totals.answered).toBeGreaterThan(callsBefore);
  });

  test('does not recall for another example, language or temperature', async () => {
    const request = { prompt: ask('recall exactly'), examples: [EXAMPLE] };
    await run(request);
    expect((await run({ ...request, temperature: 0.1 })).result?.recalledFrom).toBeNull();
    expect((await run({ ...request, examples: [{ ...EXAMPLE, call: 'add(3, 2)' }] })).result?.recalledFrom).toBeNull();
  });

  test('does not recall what was not verified', async () => {
    const request = { prompt: ask('unproven') };
    await run(request);
    expect((await run(request)).result?.recalledFrom).toBeNull();
  });

  test('ends at the limit of minutes with what is proven until then, and stops the running call', async () => {
    try {
      const limits = { modelCalls: 9, tokens: 1e6, minutes: 0.1, parts: 4, repairRounds: 0 };
      const done = await run({ prompt: ask('stall after one'), examples: [EXAMPLE], limits });
      expect(done.error).toBeNull();
      expect(done.result?.state).toBe('verified');
      expect(done.result?.explanations.join(' ')).toContain('limit of 0.1 minutes');
      await waitUntil(() => node.log().totals.open === 0);
    } finally {
      node.faults.clear();
    }
  });

  test('keeps events of a run in order, from its first phase to its end', async () => {
    const done = await run({ prompt: ask('events'), examples: [EXAMPLE] });
    const events = await hydra.events(done.id);
    expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.body).toMatchObject({ type: 'run.finished', status: 'completed' });
    expect(events.map((event) => event.body.type)).toContain('text.delta');
  });

  test('never puts tokens or code into a history', async () => {
    const done = await run({ prompt: ask('history'), examples: [EXAMPLE] });
    const history = await hydra.temporal.client.workflow.getHandle(done.id).fetchHistory();
    const payloads = JSON.stringify(history).replaceAll(/"data":"([^"]*)"/g, (_, data: string) => atob(data));
    expect(payloads).toContain('programHash');
    expect(payloads).not.toContain('return a + b');
  });
});
