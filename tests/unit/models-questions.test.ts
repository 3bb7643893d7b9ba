import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { GeneratedText } from '../../models/language-model.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import type { SimulatedNodeOptions } from '../../models/simulated-node/options.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import type { SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';

const language = createOllamaLanguageModel();
const GIB = 1024 ** 3;
const ANSWER = 'def add(a, b):\n    return a + b\n';
const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
});

async function start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
  const node = await startSimulatedNode({ answers: () => ANSWER, ...options });
  running.push(node);
  return node;
}

/** A server that is no simulated node, for answers that no Ollama gives. */
async function serve(answer: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

function addressOf(node: { readonly url: string }, more: Partial<NodeAddress> = {}): NodeAddress {
  return { id: 'n1' as NodeId, url: node.url, slots: 1, ...more };
}

function generate(node: NodeAddress, model: string): Promise<GeneratedText> {
  const deadlines = { firstTokenMs: 20_000, idleMs: 20_000, totalMs: 60_000 };
  const messages = [{ role: 'user', content: 'Say something.' }] as const;
  const request = { node, model, messages, temperature: 0, seed: 7, maxTokens: 2_000, contextTokens: 8192, deadlines };
  return language.generateText(request, { signal: new AbortController().signal, onText: () => undefined });
}

async function failureOf(promise: Promise<unknown>): Promise<SynthesisFailure> {
  const outcome = await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  if (outcome instanceof SynthesisFailure) return outcome;
  throw new Error(`expected a SynthesisFailure, got ${String(outcome)}`);
}

describe('questions to a host', () => {
  test('are answered', async () => {
    const facts = { contextTokens: 4096, contextBytesPerToken: 64 * 1024 };
    const node = await start({ version: '9.8.7', models: [simulatedModel('m:1b', facts)] });
    const address = addressOf(node);
    expect(await language.getVersion(address, 5_000)).toBe('9.8.7');
    expect(await language.listModels(address, 5_000)).toEqual([
      {
        name: 'm:1b',
        sizeBytes: GIB,
        family: 'llama',
        parameterSize: '1.5B',
        quantization: 'Q4_K_M',
        capabilities: ['completion'],
        digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ]);
    expect(await language.listResidentModels(address, 5_000)).toEqual([]);
    await generate(address, 'm:1b');
    const sizeBytes = GIB + 4096 * 64 * 1024;
    const expiresAt = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    expect(await language.listResidentModels(address, 5_000)).toEqual([
      { name: 'm:1b', sizeBytes, vramBytes: sizeBytes, contextTokens: 8192, expiresAt },
    ]);
    expect(await language.showModel(address, 'm:1b', 5_000)).toEqual({
      contextTokens: 4096,
      memoryShape: {
        contextBytesPerToken: 64 * 1024,
        workingBytesPerToken: 2048 * 17,
        leastWorkingBytes: 2048 * (1024 + 128_000),
      },
      capabilities: ['completion'],
      parameterSize: '1.5B',
    });
  });

  test('about the memory show what did not fit on the card, and wait while a model is loaded', async () => {
    const models = [simulatedModel('big:9b', { sizeBytes: 4 * GIB })];
    const node = await start({ models, vramBytes: 3 * GIB, speed: { loadBytesPerSecond: 4 * GIB } });
    const address = addressOf(node);
    const call = generate(address, 'big:9b');
    await vi.waitFor(() => expect(node.log().totals.open).toBe(1), { timeout: 10_000 });
    const early = await failureOf(language.listResidentModels(address, 100));
    expect(early.details['kind']).toBe('timeout');
    expect(await language.getVersion(address, 5_000)).not.toBe('');
    expect(await language.listResidentModels(address, 5_000)).toMatchObject([
      { name: 'big:9b', sizeBytes: 4 * GIB, vramBytes: 3 * GIB },
    ]);
    await call;
  });

  test('about old hosts leave open what those do not say', async () => {
    const answers: Readonly<Record<string, object>> = {
      '/api/ps': { models: [{ name: 'a', size: 5, size_vram: 5 }] },
      '/api/tags': { models: [{ name: 'a', size: 5 }] },
      '/api/show': {},
    };
    const host = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answers[request.url ?? '']));
    });
    const address = addressOf(host);
    expect(await language.listResidentModels(address, 5_000)).toEqual([
      { name: 'a', sizeBytes: 5, vramBytes: 5, contextTokens: null },
    ]);
    expect(await language.listModels(address, 5_000)).toEqual([
      { name: 'a', sizeBytes: 5, family: '', parameterSize: '' },
    ]);
    expect(await language.showModel(address, 'a', 5_000)).toMatchObject({
      contextTokens: null,
      memoryShape: null,
    });
  });

  test('carry the bearer token; without it they are rejected', async () => {
    const node = await start({ bearerToken: 'secret' });
    const refused = await failureOf(language.getVersion(addressOf(node), 5_000));
    expect(refused).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'access_denied' } });
    expect(refused.details['reason']).toContain('token');
    const address = addressOf(node, { bearerToken: 'secret' });
    expect(await language.getVersion(address, 5_000)).not.toBe('');
    expect((await generate(address, 'simulated')).text).toBe(ANSWER);
  });

  test('have a deadline, which holds too when the answer comes drop by drop', async () => {
    const node = await start({ faults: [{ kind: 'never_answer', everywhere: true }] });
    const failure = await failureOf(language.getVersion(addressOf(node), 100));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'timeout', deadlineMs: 100 } });
    const slow = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drops = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(drops));
    });
    const drowned = await failureOf(language.getVersion(addressOf(slow), 200));
    expect(drowned.details).toMatchObject({ kind: 'timeout', deadlineMs: 200 });
  });

  test('go over connections that stay open, and one that is held up does not hold up the others', async () => {
    let connections = 0;
    const host = await serve((request, response) => {
      if (request.url === '/api/ps') return;
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      response.end('{"version":"1.2.3"}');
    });
    host.server.on('connection', () => (connections += 1));
    for (let asked = 0; asked < 20; asked += 1) expect(await language.getVersion(addressOf(host), 5_000)).toBe('1.2.3');
    // The next question may come before the client has put the connection of the last one back.
    expect(connections).toBeLessThanOrEqual(2);
    const held = failureOf(language.listResidentModels(addressOf(host), 1_000));
    expect(await language.getVersion(addressOf(host), 900)).toBe('1.2.3');
    expect((await held).details['kind']).toBe('timeout');
  });

  test('find a host that came back at the same address, whose old connection is gone', async () => {
    const node = await start();
    const port = Number(new URL(node.url).port);
    const address = addressOf(node);
    await language.getVersion(address, 5_000);
    await node.kill();
    expect((await failureOf(language.getVersion(address, 5_000))).type).toBe('NodeUnavailable');
    await start({ port, version: '2.0.0' });
    expect(await language.getVersion(address, 5_000)).toBe('2.0.0');
  });

  test.each([
    ['a redirect', 302, 'application/json', '{"version":"1"}', 'not_ollama'],
    ['no content', 204, 'application/json', '', 'not_ollama'],
    ['half an answer', 200, 'application/json', '{"version":', 'stream_error'],
    ['another form', 200, 'application/json', '{"name":"x"}', 'not_ollama'],
    ['a page that is not there', 404, 'text/plain', '404 page not found', 'not_ollama'],
    ['too long an answer', 200, 'application/json', JSON.stringify('x'.repeat(17 * 1024 * 1024)), 'stream_error'],
    ['a broken proxy', 502, 'text/html', '<html>Bad gateway</html>', 'server_error'],
  ])('answered with %s are NodeUnavailable', async (_name, status, type, body, kind) => {
    const host = await serve((_request, response) => {
      response.writeHead(status, { 'content-type': type, location: 'http://127.0.0.1:9/' });
      response.end(body);
    });
    const failure = await failureOf(language.getVersion(addressOf(host), 20_000));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { nodeId: 'n1', kind } });
  });
});
