import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { answerByRules, readAnswerScript } from '../../models/simulated-node/answer-source.ts';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import { answerByCodingTasks } from '../../models/simulated-node/coding-answers.ts';
import { minimalJson } from '../../models/simulated-node/minimal-json.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import type { SimulatedNodeOptions } from '../../models/simulated-node/options.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';

const GIGABYTE = 1024 ** 3;
const running: SimulatedNode[] = [];

afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
});

async function start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
  const node = await startSimulatedNode(options);
  running.push(node);
  return node;
}

interface ChatAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function chat(node: SimulatedNode, model = 'a', more: object = {}): Promise<ChatAnswer> {
  const body = { model, messages: [{ role: 'user', content: 'Hi' }], stream: false, ...more };
  const answer = await fetch(`${node.url}/api/chat`, { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const models = ['a', 'b', 'c'].map((name) => simulatedModel(`${name}:latest`, { sizeBytes: 8 * GIGABYTE }));

describe('slots', () => {
  test('bound what runs at once; the queue behind them is unbounded', async () => {
    const node = await start({
      models,
      slots: 2,
      maxQueue: 1,
      answers: () => 'word '.repeat(4),
      speed: { completionTokensPerSecond: 100 },
    });
    await chat(node);
    const answers = await Promise.all(Array.from({ length: 8 }, () => chat(node)));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(node.log().busiest).toBe(2);
  });

  test('are freed by a caller that goes away, running or waiting', async () => {
    const node = await start({ models, answers: () => 'word '.repeat(400), speed: { completionTokensPerSecond: 50 } });
    const controller = new AbortController();
    const body = JSON.stringify({ model: 'a', messages: [{ role: 'user', content: 'Hi' }] });
    const calls = [1, 2, 3].map(() =>
      fetch(`${node.url}/api/chat`, { method: 'POST', body, signal: controller.signal }).then((answer) =>
        answer.text(),
      ),
    );
    await vi.waitFor(() => expect(node.log().totals.open).toBe(3), { timeout: 10_000 });
    controller.abort();
    await Promise.allSettled(calls);
    await vi.waitFor(() => expect(node.log().totals).toMatchObject({ open: 0, aborted: 3 }), { timeout: 10_000 });
    expect((await chat(node, 'a', { options: { num_predict: 1 } })).status).toBe(200);
  });
});

describe('memory', () => {
  test('loads a model at its speed and keeps it', async () => {
    const node = await start({ models, speed: { loadBytesPerSecond: 40 * GIGABYTE } });
    const cold = await chat(node);
    const warm = await chat(node);
    expect(Number(cold.body['load_duration']) / 1e6).toBeGreaterThan(190);
    expect(Number(warm.body['load_duration']) / 1e6).toBeLessThan(190);
    expect(node.log().loads).toBe(1);
    expect(node.residentModels()).toEqual(['a:latest']);
  });

  test('evicts the idle model that was to stay shortest when there is no room', async () => {
    const node = await start({ models, vramBytes: 16 * GIGABYTE });
    await chat(node, 'a', { keep_alive: '1h' });
    await chat(node, 'b');
    await chat(node, 'c');
    expect(node.residentModels()).toEqual(['a:latest', 'c:latest']);
    expect(node.log()).toMatchObject({ loads: 3, evictions: 1 });
  });

  test('waits for a model in use before it loads another', async () => {
    const node = await start({
      models,
      vramBytes: 8 * GIGABYTE,
      answers: () => 'word '.repeat(8),
      speed: { completionTokensPerSecond: 50 },
    });
    const [first, second] = await Promise.all([chat(node, 'a'), chat(node, 'b')]);
    expect([first?.status, second?.status]).toEqual([200, 200]);
    expect(node.residentModels()).toEqual(['b:latest']);
    expect(node.log().busiest).toBe(1);
  });

  test('reloads a model for another window, and unloads it when asked', async () => {
    const node = await start({ models });
    for (const num_ctx of [2048, 2048, 4096]) await chat(node, 'a', { options: { num_ctx } });
    expect(node.log()).toMatchObject({ loads: 2, evictions: 1 });
    await chat(node, 'a', { messages: [], keep_alive: 0, options: { num_ctx: 4096 } });
    expect(node.residentModels()).toEqual([]);
  });

  test('answers 503 in the words of Ollama when too many wait for a load', async () => {
    const node = await start({ models, maxQueue: 2, speed: { loadBytesPerSecond: 40 * GIGABYTE } });
    const answers = await Promise.all(['a', 'b', 'c', 'a', 'b'].map((model) => chat(node, model)));
    const refused = answers.filter((answer) => answer.status === 503);
    expect(refused).toHaveLength(3);
    expect(refused[0]?.body).toEqual({ error: 'server busy, please try again.  maximum pending requests exceeded' });
  });
});

describe('faults and log over HTTP', () => {
  test('are added, listed, spent and cleared', async () => {
    const node = await start({ models });
    const faults = `${node.url}/simulated/faults`;
    const fault = { kind: 'http_error', status: 500, message: 'out of memory', times: 1 };
    await fetch(faults, { method: 'POST', body: JSON.stringify(fault) });
    expect((await chat(node)).body).toEqual({ error: 'out of memory' });
    expect((await chat(node)).status).toBe(200);
    await fetch(faults, { method: 'POST', body: JSON.stringify({ kind: 'model_missing', model: 'a:latest' }) });
    expect((await chat(node)).status).toBe(404);
    expect((await chat(node, 'b')).status).toBe(200);
    await fetch(faults, { method: 'DELETE' });
    expect((await chat(node)).status).toBe(200);
    const log = (await (await fetch(`${node.url}/simulated/log`)).json()) as { totals: unknown };
    expect(log.totals).toEqual({ open: 0, answered: 3, refused: 2, faulted: 0, aborted: 0 });
  });

  test('a fault that does not exist is refused with what is wrong', async () => {
    const node = await start();
    const answer = await fetch(`${node.url}/simulated/faults`, { method: 'POST', body: '{"kind":"explode"}' });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: string }).error).toContain('kind');
  });

  test('a slow node takes as many times as long', async () => {
    const node = await start({ models, answers: () => 'word '.repeat(4), speed: { completionTokensPerSecond: 100 } });
    const normal = await chat(node);
    node.faults.add({ kind: 'slow', factor: 4 });
    const slow = await chat(node);
    expect(Number(slow.body['eval_duration'])).toBe(4 * Number(normal.body['eval_duration']));
    expect(Number(slow.body['total_duration'])).toBeGreaterThan(3 * Number(normal.body['eval_duration']));
  });
});

const question: Question = { model: 'a', system: '', prompt: '', format: undefined, seed: 1, temperature: 0 };

describe('answers', () => {
  test('follow the first rule that fits, several in turn', () => {
    const source = answerByRules([
      { model: 'b', answer: 'b only' },
      { contains: 'PLAN', answer: ['one', 'two'] },
      { matches: '^sum', answer: 'sum', thinking: 'hm' },
    ]);
    const ask = (prompt: string) => source({ ...question, prompt });
    expect([ask('a plan'), ask('a plan'), ask('a plan')]).toEqual([{ text: 'one' }, { text: 'two' }, { text: 'one' }]);
    expect(ask('Sum it')).toEqual({ text: 'sum', thinking: 'hm' });
    expect(ask('else')).toBeUndefined();
  });

  test('come from a script file; a wrong one says what is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'script-'));
    const path = join(folder, 'script.json');
    await writeFile(path, JSON.stringify([{ contains: 'hi', answer: 'hello' }]));
    expect((await readAnswerScript(path))({ ...question, prompt: 'Hi' })).toEqual({ text: 'hello' });
    await writeFile(path, JSON.stringify([{ contains: 'hi', reply: 'hello' }]));
    await expect(readAnswerScript(path)).rejects.toMatchObject({ type: 'RequestRejected' });
    await rm(folder, { recursive: true });
  });

  test('to a schema are valid for it, with words of the prompt where there is a choice', () => {
    const part = z.object({ id: z.string().min(1), uses: z.array(z.string()) });
    const form = z.object({
      language: z.enum(['go', 'python', 'rust']),
      parts: z.array(part).min(1),
      note: z.string().nullable(),
      size: z.number().int().min(3),
      kind: z.union([z.literal('x'), z.number()]),
    });
    const value = minimalJson(z.toJSONSchema(form), 'Write a good Python script');
    expect(form.parse(value)).toMatchObject({ language: 'python', size: 3, kind: 'x' });
  });

  test('to an unknown request depend on prompt and seed alone', async () => {
    const node = await start({ models });
    const ask = async (seed: number) => (await chat(node, 'a', { options: { seed } })).body['message'];
    expect(await ask(1)).toEqual(await ask(1));
    expect(await ask(1)).not.toEqual(await ask(2));
  });
});

/** What a right JavaScript program of each task does; a wrong one differs in at least one. */
const CODING_CHECKS: readonly (readonly [request: string, check: string])[] = [
  ['fibonacci numbers', '[0, 1, 2, 10].map(m.fibonacci).join() === "0,1,1,55"'],
  ['is_prime', '[1, 2, 3, 4, 9, 25, 97].map(m.isPrime).join() === "false,true,true,false,false,false,true"'],
  ['the factorial of n', '[0, 1, 5].map(m.factorial).join() === "1,1,120"'],
  ['the greatest common divisor', 'm.gcd(12, 18) === 6 && m.gcd(-4, 6) === 2'],
  ['whether a text is a palindrome', 'm.isPalindrome("A man, a plan, a canal: Panama") && !m.isPalindrome("ab")'],
  ['slugify a title', 'm.slugify("Hello,  World! ") === "hello-world"'],
  ['Roman numerals', 'm.toRoman(1994) === "MCMXCIV"'],
  ['count words', 'JSON.stringify(m.countWords("The cat, the dog.")) === \'{"the":2,"cat":1,"dog":1}\''],
  [
    'a stack class',
    '(() => { const s = new m.Stack(); s.push(1); s.push(2); return s.peek() === 2 && s.pop() === 2 && s.size() === 1; })()',
  ],
  ['FizzBuzz', 'm.fizzbuzz(5).join() === "1,2,Fizz,4,Buzz"'],
  ['reverse a string', 'm.reverseString("abc") === "cba"'],
  ['add two numbers', 'm.add(2, 3) === 5'],
];

describe('coding answers', () => {
  async function passes(answer: unknown, check: string): Promise<boolean> {
    const code = /```javascript\n([^]*)```/.exec(String(answer))?.[1] ?? '';
    const source = `import * as m from ${JSON.stringify(`data:text/javascript,${encodeURIComponent(code)}`)}; export const passed = ${check};`;
    // A wrong program may also throw.
    const result = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(source)}`).catch(() => ({
      passed: false,
    }));
    return (result as { passed: boolean }).passed;
  }

  test.each(CODING_CHECKS)('know %s: right programs pass, wrong ones fail', async (request, check) => {
    const prompt = `Write JavaScript: ${request}`;
    const right = answerByCodingTasks({ rightShare: 1 })({ ...question, prompt });
    expect(await passes(right, check)).toBe(true);
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const wrong = answerByCodingTasks({ rightShare: 0 })({ ...question, prompt, seed });
      expect(await passes(wrong, check)).toBe(false);
    }
  });

  test('are right as often as they should be, and the same for the same seed', () => {
    const source = answerByCodingTasks({ rightShare: 0.7 });
    const right = answerByCodingTasks({ rightShare: 1 })({ ...question, prompt: 'fibonacci' });
    const ask = (seed: number) => source({ ...question, prompt: 'fibonacci', seed });
    const share = Array.from({ length: 400 }, (_, seed) => ask(seed)).filter((answer) => answer === right).length / 400;
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.8);
    expect(ask(3)).toBe(ask(3));
  });

  test('take language and name from the request, and leave data and unknown tasks to others', () => {
    const source = answerByCodingTasks({ rightShare: 1 });
    const named = source({ ...question, prompt: 'Create a Python function called fib_number for fibonacci' });
    expect(named).toMatch(/^```python\ndef fib_number\(n: int\)/);
    expect(source({ ...question, prompt: 'fibonacci in TypeScript' })).toContain(
      'export function fibonacci(n: number)',
    );
    expect(source({ ...question, prompt: 'fibonacci', format: 'json' })).toBeUndefined();
    expect(source({ ...question, prompt: 'Write a web browser' })).toBeUndefined();
  });
});
