import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { realOllamaUrl, REAL_MODEL } from './ollama-fixture.ts';

/** Keys that hosts newer than the one under test send, so that the simulated node may have more. */
const NEWER_KEYS = ['context_length', 'tensors'];

interface Call {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Keys that only newer hosts send in this answer. */
  readonly newer?: readonly string[];
  /** Errors in plain words are compared word by word. */
  readonly sameWords?: boolean;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const messages = [{ role: 'user', content: 'Say hi' }];
const options = { num_predict: 3, num_ctx: 2048, seed: 1, temperature: 0 };
const post = (name: string, path: string, body: unknown, sameWords = false): Call => ({
  name,
  method: 'POST',
  path,
  body,
  sameWords,
});

const CALLS: readonly Call[] = [
  { name: 'the root', method: 'GET', path: '/', sameWords: true },
  { name: 'the head of the root', method: 'HEAD', path: '/' },
  { name: 'the version', method: 'GET', path: '/api/version' },
  { name: 'the list of models', method: 'GET', path: '/api/tags', newer: ['capabilities'] },
  { name: 'an unknown path', method: 'GET', path: '/api/nothing', sameWords: true },
  { name: 'a chat by the wrong method', method: 'GET', path: '/api/chat', sameWords: true },
  post('a streamed chat', '/api/chat', { model: REAL_MODEL, messages, options }),
  post('a chat with unknown words', '/api/chat', {
    model: REAL_MODEL,
    messages,
    options,
    think: false,
    truncate: false,
  }),
  post('a chat in one piece', '/api/chat', { model: REAL_MODEL, messages, options, stream: false }),
  post('a chat without messages', '/api/chat', { model: REAL_MODEL, messages: [] }),
  post('a streamed generation', '/api/generate', { model: REAL_MODEL, prompt: 'Say hi', options }),
  post('a generation in one piece', '/api/generate', { model: REAL_MODEL, prompt: 'Say hi', options, stream: false }),
  post('a generation without a prompt', '/api/generate', { model: REAL_MODEL }),
  { name: 'the models in memory', method: 'GET', path: '/api/ps' },
  post('a description', '/api/show', { model: REAL_MODEL }),
  post('embeddings', '/api/embed', { model: REAL_MODEL, input: ['a', 'b'] }),
  post('a chat with a missing model', '/api/chat', { model: 'nope', messages }, true),
  post('a generation with a missing model', '/api/generate', { model: 'nope', prompt: 'x' }, true),
  post('a description of a missing model', '/api/show', { model: 'nope' }, true),
  post('embeddings of a missing model', '/api/embed', { model: 'nope', input: 'x' }, true),
  post('embeddings of a number', '/api/embed', { model: REAL_MODEL, input: 5 }, true),
  post('a chat without a model', '/api/chat', { messages }, true),
  post('a description without a model', '/api/show', {}, true),
  post('a pull without a model', '/api/pull', {}, true),
  post('a chat with half a body', '/api/chat', '{', true),
  post('a chat without a body', '/api/chat', '', true),
  post('an option of a wrong type', '/api/chat', { model: REAL_MODEL, messages, options: { num_ctx: 'x' } }, true),
  post(
    'tools for a model that has none',
    '/api/chat',
    { model: REAL_MODEL, messages, tools: [{ type: 'function' }] },
    true,
  ),
];

let simulated: SimulatedNode;

beforeAll(async () => {
  simulated = await startSimulatedNode({ models: [simulatedModel(REAL_MODEL)] });
});

afterAll(async () => {
  await simulated.close();
});

describe('the simulated node answers as a real Ollama does:', () => {
  test.each(CALLS)('$name', async (call) => {
    const real = await send(realOllamaUrl(), call);
    const own = await send(simulated.url, call);
    expect(own.status).toBe(real.status);
    expect(own.contentType).toBe(real.contentType);
    const lines = { own: readLines(own), real: readLines(real) };
    expect(lines.real.length > 1).toBe(lines.own.length > 1);
    expectShape(lines.own[0], lines.real[0], call.newer);
    expectShape(lines.own.at(-1), lines.real.at(-1), call.newer);
    if (call.sameWords === true) expect(own.text.trim()).toBe(real.text.trim());
  });
});

async function send(url: string, { method, path, body }: Call): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(url + path, { method, ...(text === undefined ? {} : { body: text }) });
  const contentType = (answer.headers.get('content-type') ?? '').replace(/; charset=utf-8$/, '');
  return { status: answer.status, contentType, text: await answer.text() };
}

function readLines({ contentType, text }: Answer): readonly unknown[] {
  if (!contentType.includes('json')) return [];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

/** Every key of the real answer is there with the same type, and no key that the real one does not know. */
function expectShape(own: unknown, real: unknown, newer: readonly string[] = []): void {
  const ignored = [...NEWER_KEYS, ...newer];
  expect(shapeOf(own, ignored)).toEqual(shapeOf(real, ignored));
}

/** Fields whose keys or presence depend on the model and on nothing that Hydra reads. */
const MODEL_SPECIFIC = ['model_info', 'parameters', 'license', 'system'];

function shapeOf(value: unknown, ignored: readonly string[]): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0], ignored)];
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value).filter(([key]) => !ignored.includes(key) && !MODEL_SPECIFIC.includes(key));
  return Object.fromEntries(entries.map(([key, entry]) => [key, shapeOf(entry, ignored)]));
}
