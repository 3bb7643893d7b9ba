import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPrograms } from '../../bootstrap.mjs';
import { makeBareMachine, type BareMachine } from '../support/setup-process.ts';

const TEMPORAL_SCRIPT = '#!/bin/sh\necho "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"\n';
const LAYER_BYTES = 986_000_000;
/** What a pull says, in Ollama's words. */
const PULL = {
  works: [
    { status: 'pulling manifest' },
    { status: 'pulling 29d8c98fa6b0', total: LAYER_BYTES, completed: 1000 },
    { status: 'success' },
  ],
  'cannot reach its registry': [
    { status: 'pulling manifest' },
    { error: 'pull model manifest: dial tcp: lookup registry: no such host' },
  ],
  'waits for its registry for ever': [{ status: 'pulling manifest' }],
};

let machine: BareMachine;
let ollama: Server;
let models: { name: string; details?: { family: string } }[];
let pull: keyof typeof PULL;
let pulled: string[];

beforeEach(async () => {
  [models, pulled, pull] = [[], [], 'works'];
  ollama = createServer((request, response) => {
    if (request.url === '/api/tags') response.end(JSON.stringify({ models }));
    else void answerPull(request, response);
  });
  ollama.listen(0, '127.0.0.1');
  await once(ollama, 'listening');
  const url = `http://127.0.0.1:${(ollama.address() as AddressInfo).port}`;
  machine = await makeBareMachine(() => ({ OLLAMA_HOST: url }));
  await writeFile(join(machine.binFolder, 'temporal'), TEMPORAL_SCRIPT, { mode: 0o755 });
});

async function answerPull(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray()).toString();
  pulled.push((JSON.parse(body) as { model: string }).model);
  response.write(PULL[pull].map((line) => `${JSON.stringify(line)}\n`).join(''));
  if (pull !== 'waits for its registry for ever') response.end();
}

afterEach(() => {
  machine.remove();
  ollama.closeAllConnections();
  ollama.close();
});

test('an Ollama that has a model gets no other', async () => {
  models = [{ name: 'qwen3:1.7b', details: { family: 'qwen3' } }];
  expect(await machine.run()).toMatchObject({ code: 0 });
  expect(pulled).toEqual([]);
  expect(readPrograms(machine.cache)).toMatchObject({ temporal: { source: 'path' }, managedOllama: null });
});

test('an Ollama that can only embed gets the starter model, with consent', async () => {
  models = [{ name: 'mxbai-embed-large', details: { family: 'bert' } }];
  const refused = await machine.run();
  expect(refused.output).toContain('986 MB');
  expect(refused.output).toContain('node bootstrap.mjs setup --yes');
  expect(refused.code).toBe(2);
  const agreed = await machine.run({}, ['bootstrap.mjs', 'setup', '--yes']);
  expect(agreed.output).toContain('qwen2.5-coder:1.5b, ollama pull: done');
  expect(agreed.code).toBe(0);
  expect(new Set(pulled)).toEqual(new Set(['qwen2.5-coder:1.5b']));
});

test.each([
  ['cannot reach its registry', 'no such host'],
  ['waits for its registry for ever', 'no connection within 5 s'],
] as const)('an Ollama that %s, and whose command is not here, is left to the user', async (failure, reason) => {
  pull = failure;
  const { code, output } = await machine.run();
  expect(output).toContain(reason);
  expect(output).toContain('ollama pull qwen2.5-coder:1.5b');
  expect(code).toBe(1);
});

test('where hosts are listed in the settings, no Ollama is asked for a model', async () => {
  expect(await machine.run({ HYDRA_NODES: 'gpu-2' })).toMatchObject({ code: 0 });
  expect(pulled).toEqual([]);
});
