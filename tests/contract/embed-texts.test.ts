import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import { createAskNode } from '../../models/ask-node.ts';
import { createEmbedTexts } from '../../models/embed-texts.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';

const embedTexts = createEmbedTexts(createAskNode());
const PATIENT = AbortSignal.timeout(600_000);
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

function at(url: string): NodeAddress {
  return { id: 'n1' as NodeId, url, slots: 1 };
}

/** A host that answers as it is told. */
async function serve(listener: (...call: Parameters<RequestListener>) => unknown): Promise<NodeAddress> {
  const server = createServer((...call) => void listener(...call)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return at(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function serveJson(status: number, value: unknown): Promise<NodeAddress> {
  return serve((_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
  );
}

async function readBody(request: Parameters<RequestListener>[0]): Promise<{ readonly input: readonly string[] }> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as { readonly input: readonly string[] };
}

describe('a real Ollama', () => {
  // SmolLM2 is no embedding model, and its vectors mean little; Ollama makes them all the same, in the form of any other.
  test('makes vectors of one length, the same for the same text', async () => {
    const node = at(inject('ollamaUrl'));
    const texts = ['sort ascending', 'sort descending', 'sort ascending', 'ünïcode 並べ替え \u0000 🙂'];
    const [first, second, third, fourth] = await embedTexts(node, inject('ollamaModel'), texts, PATIENT);
    expect(first).toHaveLength(576);
    expect(fourth).toHaveLength(576);
    expect(first).not.toEqual(second);
    expect(Math.max(...(first ?? []).map((value, index) => Math.abs(value - (third?.[index] ?? 9))))).toBeLessThan(
      0.01,
    );
  });

  test('says that it does not have a model', async () => {
    const asked = embedTexts(at(inject('ollamaUrl')), 'nope', ['text'], PATIENT);
    await expect(asked).rejects.toMatchObject({ type: 'ModelMissing' });
  });
});

test('many texts are asked for in several calls and come back in order', async () => {
  const node = await startSimulatedNode({ models: [simulatedModel('embed:latest')] });
  const texts = Array.from({ length: 50 }, (_, number) => `text ${number}`);
  const vectors = await embedTexts(at(node.url), 'embed', texts, PATIENT);
  expect(vectors).toHaveLength(50);
  expect(vectors[49]).toEqual((await embedTexts(at(node.url), 'embed', ['text 49'], PATIENT))[0]);
  await node.close();
});

test('a host that refuses long texts gets shorter ones', async () => {
  const node = await serve(async (request, response) => {
    const { input } = await readBody(request);
    const isTooLong = input.some((text) => text.length > 1_000);
    const error = 'the input length exceeds the context length';
    response.writeHead(isTooLong ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isTooLong ? { error } : { embeddings: input.map((text) => [text.length, 1]) }));
  });
  const vectors = await embedTexts(node, 'embed', ['x'.repeat(10_000), 'short'], PATIENT);
  expect(vectors.map(([length]) => length)).toEqual([1000, 5]);
});

test('a host that refuses every length is not asked for ever', async () => {
  const node = await serveJson(400, { error: 'the input length exceeds the context length' });
  await expect(embedTexts(node, 'embed', ['x'.repeat(100_000)], PATIENT)).rejects.toMatchObject({
    type: 'PromptTooLong',
  });
});

test.each([
  ['another form', { vectors: [] }],
  ['too few vectors', { embeddings: [] }],
  ['vectors of different lengths', { embeddings: [[1, 2], [1]] }],
  [
    'a vector of zeros',
    {
      embeddings: [
        [0, 0],
        [1, 0],
      ],
    },
  ],
  ['an empty vector', { embeddings: [[], []] }],
  ['a vector of words', { embeddings: [['a'], ['b']] }],
  ['a number that is too large', { embeddings: [[1e300], [1]] }],
])('%s is the failure of the host', async (_, answer) => {
  const node = await serveJson(200, answer);
  await expect(embedTexts(node, 'embed', ['a', 'b'], PATIENT)).rejects.toMatchObject({ type: 'NodeUnavailable' });
});

test('a host that stays silent is left when the caller goes, and its socket is closed', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const node = await serve((request) => (closed = once(request.socket, 'close')));
  const caller = new AbortController();
  const asked = embedTexts(node, 'embed', ['a'], caller.signal);
  const [server] = servers;
  if (server) await once(server, 'request');
  caller.abort(new Error('the caller went away'));
  await expect(asked).rejects.toThrow('the caller went away');
  await closed;
});

test('a host that is off is the failure of the host', async () => {
  const node = await startSimulatedNode();
  await node.kill();
  await expect(embedTexts(at(node.url), 'embed', ['a'], PATIENT)).rejects.toMatchObject({
    type: 'NodeUnavailable',
    details: { kind: 'connect' },
  });
});

describe('a simulated node', () => {
  test('makes neighbours of texts with words in common', async () => {
    const node = await startSimulatedNode({ models: [simulatedModel('embed:latest')] });
    const texts = ['sort the list ascending', 'sort the list descending', 'parse a date'];
    const [up, down, other] = await embedTexts(at(node.url), 'embed', texts, PATIENT);
    const product = (left: Float32Array = new Float32Array(), right: Float32Array = new Float32Array()) =>
      left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
    expect(product(up, up)).toBeCloseTo(1, 5);
    expect(product(up, down)).toBeGreaterThan(0.5);
    expect(product(up, other)).toBeLessThan(0.5);
    await node.close();
  });

  test('fails as it is told, and logs what it was asked', async () => {
    const fault = {
      kind: 'http_error',
      status: 500,
      message: 'llama runner process has terminated',
      times: 1,
    } as const;
    const node = await startSimulatedNode({ models: [simulatedModel('embed:latest')], faults: [fault] });
    const failure = { type: 'NodeUnavailable', details: { kind: 'model_failed' } };
    await expect(embedTexts(at(node.url), 'embed', ['a'], PATIENT)).rejects.toMatchObject(failure);
    await embedTexts(at(node.url), 'embed', ['a'], PATIENT);
    expect(node.log().calls.map(({ path, ending }) => `${path} ${ending}`)).toEqual([
      '/api/embed refused',
      '/api/embed answered',
    ]);
    await node.close();
  });
});
