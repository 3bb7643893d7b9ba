import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPrograms } from '../../bootstrap.mjs';
import { findFreePort } from '../support/free-port.ts';
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
  'breaks off': [
    { status: 'pulling manifest' },
    { status: 'pulling 29d8c98fa6b0', total: LAYER_BYTES, completed: 400_000_000 },
    { error: 'connection reset' },
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

/** An Ollama that has what lies in its folder, and no registry. */
const OLLAMA_SCRIPT = `#!${process.execPath}
if (process.argv[2] === '--version') console.log('ollama version is 0.6.5');
else if (process.argv[2] === 'serve') {
  const { port } = new URL(process.env.OLLAMA_HOST);
  require('node:http').createServer((request, response) => {
    const error = 'pull model manifest: Get "https://registry/v2": dial tcp: lookup registry on 10.0.0.1:53: no such host';
    response.end(JSON.stringify(request.url === '/api/tags' ? { models: [] } : { error }) + '\\n');
  }).listen(port, '127.0.0.1');
}
`;

test('a closed model registry is told in one plain sentence, and not again once a start has settled for what is there', async () => {
  await writeFile(join(machine.binFolder, 'ollama'), OLLAMA_SCRIPT, { mode: 0o755 });
  const manifests = join(machine.cache, 'ollama-models', 'manifests', 'registry', 'library', 'smollm2');
  await mkdir(manifests, { recursive: true });
  await writeFile(join(manifests, '135m'), '{}');
  const nobody = { OLLAMA_HOST: `127.0.0.1:${await findFreePort()}` };
  const first = await machine.run(nobody);
  expect(first.output).toContain(
    'The model registry cannot be reached (no such host), so smollm2:135m takes the place of qwen2.5-coder:1.5b: ' +
      'it only tries the plumbing',
  );
  expect(first.output).not.toContain('dial tcp');
  // Looked for anew, because a setting has changed.
  const second = await machine.run({ ...nobody, HYDRA_TEMPORAL_CLI: join(machine.binFolder, 'temporal') });
  expect(second.output).toContain('looking for what is there');
  expect(second.output).not.toContain('registry');
  expect([first.code, second.code]).toEqual([0, 0]);
});

test('a pull that stops in its middle says so, and leaves the small model alone', async () => {
  pull = 'breaks off';
  const { code, output } = await machine.run({}, ['bootstrap.mjs', 'setup', '--yes']);
  expect(output).toContain(
    'qwen2.5-coder:1.5b stopped at 400 MB of 986 MB (connection reset). The same command goes on',
  );
  expect(output).not.toContain('smollm2:135m takes');
  expect(code).toBe(1);
});

test('where hosts are listed in the settings, no Ollama is asked for a model', async () => {
  expect(await machine.run({ HYDRA_NODES: 'gpu-2' })).toMatchObject({ code: 0 });
  expect(pulled).toEqual([]);
});
