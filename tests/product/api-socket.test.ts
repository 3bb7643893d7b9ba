import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import type { Problem } from '../../api/problem.ts';
import { startServer } from '../../api/server.ts';
import type { RunningServer, ServerOptions } from '../../api/server.ts';
import { appendEvent, finishRun, openApi, postGenerate, TEST_SETTINGS } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';

let opened: OpenedApi;
let server: RunningServer | undefined;

beforeEach(async () => {
  opened = await openApi();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await opened.close();
});

async function start(changes: Partial<ServerOptions> = {}): Promise<RunningServer> {
  server = await startServer({ ...opened.deps, port: 0, shutdownGraceMs: 500, ...changes });
  return server;
}

const portOf = ({ url }: RunningServer) => Number(new URL(url).port);

async function submit(id: string): Promise<RunId> {
  await postGenerate(opened.api, { prompt: 'x', workflow_id: id });
  return id as RunId;
}

/** Sends bytes and resolves with what the server sent until it closed the connection. */
async function talk(port: number, bytes: string, keep?: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write(bytes);
  keep?.(socket);
  await once(socket, 'close');
  return answer;
}

async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 20 }).toBe(true);
}

describe('the API over a socket', () => {
  it('takes a request, streams its events and gives its files', async () => {
    const { url } = await start();
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"x"}' };
    const accepted = await fetch(`${url}/generate`, init);
    const { workflow_id: id, events_url: events } = (await accepted.json()) as Record<string, string>;
    const stream = await fetch(`${url}${events}`);
    await finishRun(opened.memory, id as RunId);
    expect(await stream.text()).toContain('event: end');
    expect(stream.headers.get('content-type')).toMatch('text/event-stream');
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    expect(await (await fetch(`${url}/runs/${id}/files/main.py`)).text()).toContain('def fib');
  });

  it.each([
    ['GET', '/generate', 'POST'],
    ['DELETE', '/runs/r1', 'GET, HEAD'],
    ['GET', '/runs/r1/cancel', 'POST'],
    ['PUT', '/runs/r1/files/src/main.py', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('answers %s %s with 405 and what is allowed', async (method, path, allow) => {
    const { url } = await start();
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(((await response.json()) as Problem).detail).toContain(`takes ${allow.replace(', ', ' and ')}`);
  });

  it('answers 404 where there is nothing for any method', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/nothing`, { method: 'POST' })).status).toBe(404);
  });

  it.each([[undefined], ['application/x-www-form-urlencoded'], ['text/plain']])(
    'asks for a JSON body by name when the content type is %s',
    async (type) => {
      const { url } = await start();
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const body = new TextEncoder().encode('{"prompt":"x"}');
      const response = await fetch(`${url}/generate`, { method: 'POST', headers, body });
      expect(response.status).toBe(415);
      expect(((await response.json()) as Problem).detail).toContain('Content-Type: application/json');
    },
  );

  it('names the setting when its port is taken', async () => {
    const port = portOf(await start());
    const second = startServer({ ...opened.deps, port, shutdownGraceMs: 100 });
    await expect(second).rejects.toThrow(/Port \d+ on 127\.0\.0\.1 is in use .*HYDRA_API_PORT/);
  });

  it('names the setting when its address is not of this machine', async () => {
    const settings = { ...TEST_SETTINGS, host: '192.0.2.1' };
    await expect(start({ settings })).rejects.toThrow(/192\.0\.2\.1 is not an address of this machine.*HYDRA_API_HOST/);
  });

  it.each([
    ['GET /health HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n', '403'],
    ['GET http://evil.test/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', '40'],
    ['GET http://localhost/health HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n', '40'],
    ['GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', '400'],
    ['GET /health HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n', '200'],
    ['GET //evil.test/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', '40'],
    [
      'POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nContent-Type: application/json\r\n\r\n{',
      '413',
    ],
    ['nonsense\r\n\r\n', '400'],
  ])('answers %j with %s', async (bytes, status) => {
    const port = portOf(await start());
    const answer = await talk(port, bytes, (socket) => setTimeout(() => socket.end(), 1_000));
    expect(answer.split(' ')[1]).toMatch(new RegExp(`^${status}`));
  });

  it('closes connections that send their headers or body too slowly, and serves others meanwhile', async () => {
    const running = await start({ headersTimeoutMs: 1_000, requestTimeoutMs: 1_500 });
    const slow = [
      'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
      'POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ];
    const closed = Promise.all(Array.from({ length: 100 }, (_, index) => talk(portOf(running), slow[index % 2]!)));
    expect((await fetch(`${running.url}/health`)).status).toBe(200);
    const answers = await closed;
    expect(answers.every((answer) => answer === '' || answer.includes(' 408 '))).toBe(true);
  }, 20_000);

  it('keeps nothing of readers that come and go', async () => {
    const { url } = await start();
    const id = await submit('r1');
    const watched = new Set<string>();
    const log = { ...opened.memory.events };
    let open = 0;
    Object.assign(opened.memory.events, {
      async *subscribe(...parameters: Parameters<typeof log.subscribe>) {
        open += 1;
        try {
          yield* log.subscribe(...parameters);
        } finally {
          open -= 1;
        }
      },
    });
    await appendEvent(opened.memory, id, { type: 'phase.started', phase: 'recall', note: 'looking' });
    for (let round = 0; round < 5; round += 1) {
      const readers = Array.from({ length: 40 }, () => new AbortController());
      await Promise.all(
        readers.map(async (reader, index) => {
          const response = await fetch(`${url}/runs/r1/events`, { signal: reader.signal });
          const first = await response.body?.getReader().read();
          watched.add(`${round}/${index}/${first?.done}`);
        }),
      );
      await waitUntil(() => open === 40);
      readers.forEach((reader) => reader.abort());
      await waitUntil(() => open === 0);
    }
    expect(watched.size).toBe(200);
  }, 30_000);

  it('holds back for a reader that never reads instead of filling its memory', async () => {
    const running = await start();
    const id = await submit('r1');
    const text = 'x'.repeat(100_000);
    const events = Array.from({ length: 500 }, () => ({
      runId: id,
      partId: null,
      stepKey: null,
      attempt: 1,
      body: { type: 'text.delta', text } as const,
    }));
    await opened.memory.events.append(events);
    const log = { ...opened.memory.events };
    let reads = 0;
    Object.assign(opened.memory.events, {
      read: (...parameters: Parameters<typeof log.read>) => {
        reads += 1;
        return log.read(...parameters);
      },
    });
    const socket = connect(portOf(running), '127.0.0.1');
    socket.pause();
    socket.write('GET /runs/r1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await waitUntil(() => reads > 0);
    expect((await fetch(`${running.url}/health`)).status).toBe(200);
    const readsWhileStuck = reads;
    await running.stop();
    socket.destroy();
    expect(readsWhileStuck).toBe(1);
  }, 20_000);
});

describe('stopping the API', () => {
  it('ends event streams without an end event, so that readers come back', async () => {
    const running = await start({ shutdownGraceMs: 5_000 });
    await submit('r1');
    const stream = await fetch(`${running.url}/runs/r1/events`);
    const before = performance.now();
    await running.stop();
    expect(await stream.text()).toBe('retry: 2000\n\n');
    expect(performance.now() - before).toBeLessThan(2_500);
    await expect(fetch(`${running.url}/health`)).rejects.toThrow();
  });

  it('answers requests that wait for their run with 202', async () => {
    const running = await start({ shutdownGraceMs: 5_000 });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"x"}' };
    const waiting = fetch(`${running.url}/generate?wait=60`, init);
    await waitUntil(async () => (await opened.memory.runs.countOpen()) === 1);
    await running.stop();
    expect((await waiting).status).toBe(202);
  });

  it('cuts what does not end within the grace time', async () => {
    const running = await start({ health: () => new Promise(() => undefined), shutdownGraceMs: 200 });
    const stuck = fetch(`${running.url}/health`);
    stuck.catch(() => undefined);
    await waitUntil(async () => (await fetch(`${running.url}/nodes`)).ok);
    await running.stop();
    await expect(stuck).rejects.toThrow();
  });
});
