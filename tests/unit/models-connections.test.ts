import { readFileSync } from 'node:fs';
import { createServer, request as forward, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createSocketServer, type AddressInfo, type LookupFunction, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { startSimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';

const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

/** Listens on a free port of 127.0.0.1; gives the port. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
  return (server.address() as AddressInfo).port;
}

async function startNode(): Promise<{ readonly port: number; readonly connections: () => number }> {
  const node = await startSimulatedNode({ answers: () => 'hello', version: '9.8.7' });
  running.push(node);
  return { port: Number(new URL(node.url).port), connections: () => node.log().connections };
}

function nodeAt(url: string, more: Partial<NodeAddress> = {}): NodeAddress {
  return { id: 'gpu' as NodeId, url, slots: 1, ...more };
}

const FORMS = {
  question: (node: NodeAddress, lookUp?: LookupFunction) => modelOf(lookUp).getVersion(node, 10_000),
  call: async (node: NodeAddress, lookUp?: LookupFunction) => {
    const request = { model: 'simulated', temperature: 0, seed: 1, maxTokens: 100, contextTokens: 4096 };
    const deadlines = { firstTokenMs: 10_000, idleMs: 10_000, totalMs: 20_000 };
    const messages = [{ role: 'user', content: 'Say something.' }] as const;
    const options = { signal: new AbortController().signal, onText: () => undefined };
    return (await modelOf(lookUp).generateText({ node, messages, deadlines, ...request }, options)).text;
  },
};

function modelOf(lookUp?: LookupFunction) {
  return createOllamaLanguageModel(lookUp === undefined ? {} : { lookUp });
}

async function failureOf(promise: Promise<unknown>): Promise<SynthesisFailure> {
  const outcome = await promise.then(
    (value) => value,
    (error: unknown) => error,
  );
  if (outcome instanceof SynthesisFailure) return outcome;
  throw new Error(`expected a SynthesisFailure, got ${String(outcome)}`);
}

/** A resolver that gives these answers in turn, the last one for ever. */
function resolveInTurn(...answers: readonly (readonly string[])[]): LookupFunction {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe.each(Object.entries(FORMS))('the address of a host, for a %s', (_form, ask) => {
  test.each(['http://169.254.169.254', 'http://2852039166:80', 'http://[::ffff:a9fe:a9fe]', 'http://0.0.0.0:11434'])(
    'that is written as %s is never connected to',
    async (url) => {
      const failure = await failureOf(ask(nodeAt(url)));
      expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'connect' } });
      expect(failure.message).toContain('Hydra never connects there');
    },
  );

  test('that a name resolves to is checked, and the checked one is connected to', async () => {
    const { port } = await startNode();
    const answer = await ask(nodeAt(`http://gpu.test:${port}`), resolveInTurn(['127.0.0.1'], ['169.254.169.254']));
    expect(['9.8.7', 'hello']).toContain(answer);
  });

  test('is checked anew when the name resolves to a metadata service the next time', async () => {
    const { port } = await startNode();
    const node = nodeAt(`http://gpu.test:${port}`);
    const lookUp = resolveInTurn(['127.0.0.1'], ['169.254.169.254']);
    await ask(node, lookUp);
    const failure = await failureOf(ask(node, lookUp));
    expect(failure.message).toContain('gpu.test resolves to 169.254.169.254');
    expect(failure.message).toContain('link-local');
  });

  test('is the allowed one where a name has both', async () => {
    const { port } = await startNode();
    const both = resolveInTurn(['fe80::1', '127.0.0.1']);
    expect(['9.8.7', 'hello']).toContain(await ask(nodeAt(`http://gpu.test:${port}`), both));
  });

  test('is not changed by a redirect', async () => {
    const target = await startNode();
    const location = `http://127.0.0.1:${target.port}/api/version`;
    const port = await listen(
      createServer((_request, response) => {
        response.writeHead(307, { location, 'content-type': 'application/json' }).end('{}');
      }),
    );
    const failure = await failureOf(ask(nodeAt(`http://127.0.0.1:${port}`)));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'not_ollama' } });
    expect(failure.message).toContain('redirects are not followed');
    expect(target.connections()).toBe(0);
  });
});

/** Made once with openssl, by an authority whose key was thrown away; valid for a hundred years. */
const PEM_FOLDER = join(import.meta.dirname, '../fixtures/tls');
const readPem = (name: string): string => readFileSync(join(PEM_FOLDER, name), 'utf8');

/** A gate with a certificate of an authority of its own, for localhost, gpu.test and 127.0.0.1. */
async function startGate(port: number): Promise<number> {
  const pass: RequestListener = (request, response) => {
    const { url: path = '/', method = 'GET', headers } = request;
    const inner = forward({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    inner.on('error', () => response.destroy());
    request.pipe(inner);
  };
  return listen(createTlsServer({ key: readPem('host-key.pem'), cert: readPem('host.pem') }, pass));
}

describe.each(Object.entries(FORMS))('TLS, for a %s', (_form, ask) => {
  const tls = { certificateAuthority: readPem('authority.pem') };
  const elsewhere = resolveInTurn(['127.0.0.1']);

  test('works with the certificate authority of the node', async () => {
    const port = await startGate((await startNode()).port);
    expect(['9.8.7', 'hello']).toContain(await ask(nodeAt(`https://127.0.0.1:${port}`, { tls })));
    expect(['9.8.7', 'hello']).toContain(await ask(nodeAt(`https://gpu.test:${port}`, { tls }), elsewhere));
  });

  test('fails without it, and says what to do', async () => {
    const port = await startGate((await startNode()).port);
    const failure = await failureOf(ask(nodeAt(`https://127.0.0.1:${port}`)));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'connect' } });
    expect(failure.message).toContain('tls.ca_file');
  });

  test('fails for another name than the certificate has', async () => {
    const port = await startGate((await startNode()).port);
    const failure = await failureOf(ask(nodeAt(`https://other.test:${port}`, { tls }), elsewhere));
    expect(failure.message).toContain('its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)');
  });

  test('fails at a port without TLS, and says so', async () => {
    const { port } = await startNode();
    const failure = await failureOf(ask(nodeAt(`https://127.0.0.1:${port}`, { tls })));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'connect' } });
    expect(failure.message).toContain('it does not speak TLS');
  });
});

describe.each(Object.entries(FORMS))('something else at the port of a host, for a %s', (_form, ask) => {
  test('that wants TLS is named', async () => {
    // What nginx and servers in Go answer.
    const port = await listen(
      createServer((_request, response) => {
        response.writeHead(400, { 'content-type': 'text/plain' });
        response.end('Client sent an HTTP request to an HTTPS server.\n');
      }),
    );
    const failure = await failureOf(ask(nodeAt(`http://127.0.0.1:${port}`)));
    expect(failure).toMatchObject({ type: 'NodeUnavailable', details: { kind: 'not_ollama' } });
    expect(failure.message).toContain('is its URL https://?');
  });

  test('that is no web server is a host that failed', async () => {
    const port = await listen(createSocketServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    expect((await failureOf(ask(nodeAt(`http://127.0.0.1:${port}`)))).type).toBe('NodeUnavailable');
  });

  test('or nothing at all is said in words', async () => {
    const server = createServer();
    const port = await listen(server);
    await running.pop()?.close();
    const failure = await failureOf(ask(nodeAt(`http://127.0.0.1:${port}`)));
    expect(failure.message).toContain('nothing listens there (ECONNREFUSED)');
  });

  test('that wants another token is named with the setting', async () => {
    const node = await startSimulatedNode({ bearerToken: 'right' });
    running.push(node);
    const failure = await failureOf(ask(nodeAt(node.url, { bearerToken: 'wrong' })));
    expect(failure.message).toContain('token_env');
    expect(failure.message).not.toContain('wrong');
  });
});
