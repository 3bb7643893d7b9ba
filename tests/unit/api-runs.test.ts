import { unzipSync, strFromU8 } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import { FAILURES, SynthesisFailure } from '../../domain/failure.ts';
import { createRunReconciler } from '../../api/reconcile-runs.ts';
import { appendEvent, finishRun, openApi, postGenerate, storeResult, TEST_SETTINGS } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';

let opened: OpenedApi;
beforeEach(async () => {
  opened = await openApi();
});
afterEach(() => opened.close());

async function submit(id: string): Promise<RunId> {
  await postGenerate(opened.api, { prompt: `Write ${id}`, workflow_id: id });
  return id as RunId;
}

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await opened.api.request(path, { headers });
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    response,
    status: response.status,
    body: isJson ? ((await response.json()) as Record<string, never>) : null,
  };
}

describe('GET /runs/{id}', () => {
  it('shows a finished run with its code, files and checks', async () => {
    await finishRun(opened.memory, await submit('r1'));
    const { status, body } = await get('/runs/r1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      workflow_id: 'r1',
      status: 'completed',
      error: null,
      result: {
        state: 'verified',
        code: 'def fib(n):\n    return n\n',
        main_file: 'main.py',
        files: [{ path: 'main.py' }, { path: 'lib/ünïcode name.py' }],
        checks: [{ kind: 'examples', author: 'user', in_process: false, passed_count: 2, total_count: 2 }],
        confidence: null,
      },
    });
  });

  it('names the failure of a failed run', async () => {
    const id = await submit('r1');
    const error = {
      type: 'NoCapableNode',
      message: 'No host has qwen3:14b.',
      details: { model: 'qwen3:14b' },
    } as const;
    await opened.memory.runs.update(id, { status: 'failed', error });
    expect((await get('/runs/r1')).body).toMatchObject({ status: 'failed', result: null, error });
  });

  it('answers 404 for a run that is not there', async () => {
    const { status, body } = await get('/runs/nope');
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'RunNotFound', detail: 'No run has the ID "nope".' });
  });
});

describe('GET /runs', () => {
  it('pages through all runs, newest first, and filters by status', async () => {
    for (const id of ['a', 'b', 'c']) await submit(id);
    await finishRun(opened.memory, 'b' as RunId);
    const first = (await get('/runs?limit=2')).body as unknown as { runs: object[]; next_cursor: string };
    const second = (await get(`/runs?limit=2&cursor=${first.next_cursor}`)).body as unknown as { runs: object[] };
    const ids = [...first.runs, ...second.runs].map((run) => (run as { workflow_id: string }).workflow_id);
    expect(ids.sort()).toEqual(['a', 'b', 'c']);
    expect((await get('/runs?status=completed')).body).toMatchObject({
      runs: [{ workflow_id: 'b', state: 'verified' }],
    });
  });

  it.each([
    ['status=done', 'status'],
    ['limit=0', 'limit'],
    ['limit=x', 'limit'],
    ['cursor=zzz', 'cursor'],
    ['stauts=failed', 'stauts'],
  ])('refuses ?%s and names the parameter', async (query, field) => {
    const { status, body } = await get(`/runs?${query}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [{ field }] });
  });
});

describe('POST /runs/{id}/cancel', () => {
  it('asks an open run to stop, and answers with the run when it had ended', async () => {
    const id = await submit('r1');
    expect((await opened.api.request('/runs/r1/cancel', { method: 'POST' })).status).toBe(202);
    expect(opened.runs.cancelled).toEqual(['r1']);
    await finishRun(opened.memory, id);
    const again = await opened.api.request('/runs/r1/cancel', { method: 'POST' });
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ status: 'completed' });
  });
});

describe('files of a run', () => {
  beforeEach(async () => finishRun(opened.memory, await submit('r1')));

  it('lists them with addresses that give their text', async () => {
    const { body } = await get('/runs/r1/files');
    const files = body?.['files'] as unknown as { path: string; url: string; size_bytes: number }[];
    expect(files.map((file) => file.path)).toEqual(['main.py', 'lib/ünïcode name.py']);
    const { response } = await get(files[1]!.url);
    expect(await response.text()).toBe('<script>alert(1)</script>');
    expect(response.headers.get('content-type')).toMatch('text/plain');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });

  it.each([
    ['?format=zip', {}],
    ['', { accept: 'application/zip' }],
  ])('gives a zip archive for "%s" %o', async (query, headers) => {
    const { response } = await get(`/runs/r1/files${query}`, headers);
    const archive = unzipSync(new Uint8Array(await response.arrayBuffer()));
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="r1.zip"');
    expect(Object.keys(archive)).toEqual(['main.py', 'lib/ünïcode name.py']);
    expect(strFromU8(archive['main.py']!)).toBe('def fib(n):\n    return n\n');
  });

  it.each(['../../etc/passwd', '..%2f..%2fetc%2fpasswd', 'nope.py', 'main.py%00'])('has no file %s', async (path) => {
    expect((await get(`/runs/r1/files/${path}`)).status).toBe(404);
  });
});

describe('events of a run', () => {
  const delta = (text: string) => ({ type: 'text.delta', text }) as const;

  async function readFrames(path: string, headers: Record<string, string> = {}): Promise<string[]> {
    const { response } = await get(path, headers);
    expect(response.status).toBe(200);
    return (await response.text()).split('\n\n').filter((frame) => frame !== '');
  }

  it('begin with the retry time, come in order with their sequence, and end', async () => {
    const id = await submit('r1');
    await appendEvent(opened.memory, id, { type: 'phase.started', phase: 'recall', note: 'looking' });
    await appendEvent(opened.memory, id, delta('a\nb'), { key: 's', attempt: 1 });
    await finishRun(opened.memory, id);
    const frames = await readFrames('/runs/r1/events');
    expect(frames[0]).toBe('retry: 2000');
    expect(frames.slice(1, 4).map((frame) => /id: (\d+)/.exec(frame)?.[1])).toEqual(['1', '2', '3']);
    expect(frames[2]).toContain('event: text.delta\n');
    expect(frames[2]).toContain('"text":"a\\nb"');
    expect(frames.at(-1)).toBe('event: end\ndata: {"status":"completed"}');
  });

  it('come while the run goes on', async () => {
    const id = await submit('r1');
    const pending = readFrames('/runs/r1/events');
    await appendEvent(opened.memory, id, delta('live'), { key: 's', attempt: 1 });
    await finishRun(opened.memory, id);
    expect((await pending).join()).toContain('"text":"live"');
  });

  it('go on strictly after the last one that the reader has, at each of 50', async () => {
    const id = await submit('r1');
    for (let index = 1; index < 50; index += 1) await appendEvent(opened.memory, id, delta(`${index}`));
    await finishRun(opened.memory, id);
    for (let after = 0; after < 50; after += 1) {
      const frames = await readFrames('/runs/r1/events', { 'last-event-id': String(after) });
      const ids = frames.flatMap((frame) => /id: (\d+)/.exec(frame)?.[1] ?? []);
      expect(ids.map(Number)).toEqual(Array.from({ length: 50 - after }, (_, index) => after + index + 1));
    }
    expect((await get('/runs/r1/events', { 'last-event-id': '50' })).status).toBe(204);
    expect((await get('/runs/r1/events?after=50')).status).toBe(204);
  });

  it('leave out the text of an attempt that another one replaced', async () => {
    const id = await submit('r1');
    await appendEvent(opened.memory, id, delta('old'), { key: 's', attempt: 1 });
    await appendEvent(opened.memory, id, delta('other step'), { key: 't', attempt: 1 });
    await appendEvent(opened.memory, id, delta('new'), { key: 's', attempt: 2 });
    await appendEvent(opened.memory, id, delta('zombie'), { key: 's', attempt: 1 });
    await finishRun(opened.memory, id);
    const text = (await readFrames('/runs/r1/events')).join();
    expect([...text.matchAll(/"text":"([^"]+)"/g)].map((match) => match[1])).toEqual(['other step', 'new']);
  });

  it.each(['-1', 'abc', '1.5', '7', '99999999999999999999', ''])('refuse the position "%s"', async (position) => {
    await appendEvent(opened.memory, await submit('r1'), { type: 'phase.started', phase: 'recall', note: 'looking' });
    expect((await get(`/runs/r1/events?after=${position}`)).status).toBe(400);
  });

  it('end by themselves when the last event was lost with its process', async () => {
    await opened.close();
    opened = await openApi({ heartbeatMs: 20 });
    const id = await submit('r1');
    const pending = readFrames('/runs/r1/events');
    await opened.memory.runs.update(id, { status: 'cancelled' });
    const frames = await pending;
    expect(frames).toContain(': still here');
    expect(frames.at(-1)).toBe('event: end\ndata: {"status":"cancelled"}');
  });
});

describe('the reconciler', () => {
  const reconcile = () =>
    createRunReconciler({
      memory: opened.memory,
      runs: opened.runs,
      intervalMs: 1_000,
      reportError: (error) => opened.errors.push(error),
    }).reconcile();

  it('gives rows of ended workflows their true status and ends their event streams', async () => {
    const ids = await Promise.all(['done', 'broken', 'stopped', 'lost', 'open'].map(submit));
    const [done, broken, stopped, lost, open] = ids as [RunId, RunId, RunId, RunId, RunId];
    const failure = (type: 'BudgetExhausted' | 'Cancelled') => ({ type, message: type, details: {} });
    opened.runs.end(done, { status: 'completed', result: await storeResult(opened.memory) });
    opened.runs.end(broken, { status: 'failed', error: failure('BudgetExhausted') });
    opened.runs.end(stopped, { status: 'cancelled', error: failure('Cancelled') });
    opened.runs.forget(lost);
    await reconcile();
    const rows = await Promise.all(ids.map((id) => opened.memory.runs.find(id)));
    expect(rows.map((row) => row?.status)).toEqual(['completed', 'failed', 'cancelled', 'failed', 'queued']);
    expect(rows[0]?.result?.state).toBe('verified');
    expect(rows[3]?.error?.message).toContain('lost');
    expect((await opened.memory.events.read(lost, 0, 10)).map((event) => event.body.type)).toEqual(['run.finished']);
    expect(await opened.memory.events.read(open, 0, 10)).toEqual([]);
  });

  it('gives a workflow without a row the row that its stored request tells', async () => {
    const prompt = 'Lost between Temporal and the table';
    const requestHash = await opened.memory.artifacts.putText(JSON.stringify({ prompt, priority: 2 }));
    const request = { prompt, priority: 2 } as never;
    await opened.runs.submit({ runId: 'orphan' as RunId, bodyHash: 'b', requestHash, request });
    await reconcile();
    expect((await get('/runs/orphan')).body).toMatchObject({ status: 'queued', prompt, priority: 2 });
  });

  it('leaves everything as it is while Temporal is away', async () => {
    await submit('r1');
    opened.runs.down = true;
    await expect(reconcile()).rejects.toMatchObject({ type: 'TemporalUnavailable' });
    expect((await get('/runs/r1')).body).toMatchObject({ status: 'queued' });
  });
});

describe('guards', () => {
  const withHost = (host: string) => opened.api.request('/health', { headers: { host } });

  it.each(['localhost', 'LOCALHOST:8001', '127.0.0.1:9', '[::1]:8001', 'hydra.example', 'hydra.example:443'])(
    'let the host %s in',
    async (host) => {
      expect((await withHost(host)).status).toBe(200);
    },
  );

  it.each([
    'evil.test',
    'localhost.evil.test',
    'evil.test:8001',
    'localhost@evil.test',
    '[::2]',
    '',
    'localhost:x',
    '0.0.0.0',
  ])('refuse the host "%s"', async (host) => {
    expect((await withHost(host)).status).toBe(403);
  });

  it('refuse a target that names another host than the header', async () => {
    const response = await opened.api.request('http://evil.test/health', { headers: { host: 'localhost' } });
    expect(response.status).toBe(403);
  });

  it.each([
    [{ origin: 'https://evil.test' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:3000' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'http://localhost:8001', 'sec-fetch-site': 'same-origin' }, 202],
    [{}, 202],
  ])('answer a change with %o by %i', async (headers, status) => {
    const response = await postGenerate(
      opened.api,
      { prompt: 'x' },
      { host: 'localhost:8001', ...(headers as Record<string, string>) },
    );
    expect(response.status).toBe(status);
    expect(opened.runs.submissions).toHaveLength(status === 202 ? 1 : 0);
  });

  it('give no other site leave to read', async () => {
    const { response } = await get('/health', { origin: 'https://evil.test' });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describe('errors', () => {
  it('of ours are reported and never shown', async () => {
    await opened.close();
    opened = await openApi({ nodes: () => Promise.reject(new Error('secret at /home/me')) });
    const { status, body } = await get('/nodes');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toMatch(/secret|home|stack/);
    expect(opened.errors).toHaveLength(1);
  });

  it.each(Object.entries(FAILURES))('of type %s have the status of the table', async (type, { status }) => {
    await opened.close();
    const failure = new SynthesisFailure(type as keyof typeof FAILURES, 'why', { fact: 1 });
    opened = await openApi({ nodes: () => Promise.reject(failure) });
    const answer = await get('/nodes');
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code: type, status, detail: 'why', details: { fact: 1 } });
  });

  it('for unknown places tell where to look', async () => {
    const { status, body } = await get('/genrate');
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'NotFound', detail: expect.stringContaining('/openapi.json') as string });
  });
});

describe('fleet and service', () => {
  it('lists hosts and models', async () => {
    expect((await get('/nodes')).body).toMatchObject({
      nodes: [{ id: 'gpu-1', models: [{ name: 'qwen3:1.7b', quantization: null }], busy_slots: 1 }],
    });
    expect((await get('/models')).body).toEqual({ missing: [], roles: { light: ['qwen3:1.7b'] }, models: [] });
  });

  it.each([
    [true, false, 503],
    [false, false, 200],
    [true, true, 200],
  ])('is told by /health for a part with required=%s, healthy=%s', async (required, healthy, status) => {
    await opened.close();
    const part = { name: 'redis', required, healthy, detail: 'why' };
    opened = await openApi({ health: async () => ({ parts: [part] }) });
    const answer = await get('/health');
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      status: status === 200 ? 'healthy' : 'unhealthy',
      version: '1.2.3',
      parts: [part],
    });
  });

  it('describes every route in OpenAPI 3.1', async () => {
    const { body } = await get('/openapi.json');
    expect(body).toMatchObject({ openapi: '3.1.0' });
    expect(Object.keys(body?.['paths'] ?? {}).sort()).toEqual([
      '/fleet/decisions',
      '/generate',
      '/health',
      '/memory/entries',
      '/memory/entries/{id}',
      '/memory/export',
      '/memory/gc',
      '/memory/import',
      '/memory/rebuild',
      '/memory/search',
      '/memory/status',
      '/metrics',
      '/models',
      '/models/pull',
      '/models/pulls',
      '/models/pulls/{id}',
      '/models/pulls/{id}/cancel',
      '/nodes',
      '/nodes/{id}',
      '/nodes/{id}/drain',
      '/nodes/{id}/probe',
      '/nodes/{id}/resume',
      '/runs',
      '/runs/{id}',
      '/runs/{id}/cancel',
      '/runs/{id}/events',
      '/runs/{id}/files',
      '/runs/{id}/files/{path}',
    ]);
    expect(JSON.stringify(body)).toContain(`"maxLength":${TEST_SETTINGS.maxPromptCharacters}`);
  });
});
