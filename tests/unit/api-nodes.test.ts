import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import type { WireNode, WireNodeList } from '../../api/wire-fleet.ts';
import type { Problem } from '../../api/problem.ts';
import { openApi, type OpenedApi } from '../support/api-harness.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const GPU_1 = aNodeSnapshot({ id: 'gpu-1' as NodeId, url: 'http://gpu-1:11434', slots: 2, busySlots: 1 });

let snapshots: readonly NodeSnapshot[];
let opened: OpenedApi;
beforeEach(async () => {
  snapshots = [GPU_1];
  opened = await openApi({ nodes: async () => snapshots });
});
afterEach(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

async function call(method: string, path: string, body?: unknown) {
  const response = await opened.api.request(path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as never };
}

async function listNodes(): Promise<WireNodeList> {
  return (await call('GET', '/nodes')).body;
}

/** The rules that a body breaks. */
async function errorsOf(body: unknown): Promise<Problem['errors']> {
  const { status, body: problem } = await call('POST', '/nodes', body);
  expect(status).toBe(422);
  return (problem as Problem).errors;
}

describe('POST /nodes', () => {
  it('adds a host that is listed at once, with what was said of it', async () => {
    const body = { url: 'http://gpu-2:11434/', slots: 4, vram_gb: 24, token_env: 'HYDRA_TOKEN_GPU2' };
    const answer = await call('POST', '/nodes', body);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/nodes/gpu-2');
    const node = {
      id: 'gpu-2',
      url: 'http://gpu-2:11434',
      origin: 'added',
      wanted: 'active',
      state: 'unknown',
      slots: 4,
    };
    expect(answer.body).toMatchObject(node);
    expect((await call('GET', '/nodes/gpu-2')).body).toMatchObject(node);
    expect((await listNodes()).nodes.map(({ id }) => id)).toEqual(['gpu-1', 'gpu-2']);
    expect(await opened.memory.nodeRegistry.list()).toEqual([
      {
        id: 'gpu-2',
        url: 'http://gpu-2:11434',
        wanted: 'active',
        added: { slots: 4, vramBytes: 24 * 1024 ** 3, tokenVariable: 'HYDRA_TOKEN_GPU2' },
        probesAsked: 0,
        probesAnswered: 0,
      },
    ]);
  });

  it('refuses a name that another host has, and names that host', async () => {
    const answer = await call('POST', '/nodes', { url: 'http://10.0.0.9:11434', name: 'gpu-1' });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: 'NodeConflict',
      detail: 'The name gpu-1 belongs to the host http://gpu-1:11434; give another name.',
      details: { node: 'gpu-1', url: 'http://gpu-1:11434' },
    });
  });

  it('refuses a host that is known under another name, and names it', async () => {
    await call('POST', '/nodes', { url: 'http://localhost:11434', name: 'here' });
    const answer = await call('POST', '/nodes', { url: 'http://127.0.0.1:11434', name: 'there' });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      detail: 'http://127.0.0.1:11434 is a host of the fleet already, called here.',
      details: { node: 'here' },
    });
    expect((await listNodes()).nodes).toHaveLength(2);
  });

  it('lets one of two that add the same name at the same moment win', async () => {
    const urls = ['http://10.0.0.1:11434', 'http://10.0.0.2:11434'];
    const answers = await Promise.all(urls.map((url) => call('POST', '/nodes', { url, name: 'twin' })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
  });

  it('takes over a host that was only found', async () => {
    snapshots = [{ ...GPU_1, origin: 'discovered' }];
    expect((await call('POST', '/nodes', { url: GPU_1.url, name: 'big' })).status).toBe(201);
  });

  it.each([
    [{ url: 'ftp://gpu-2' }, 'url'],
    [{ url: 'http://169.254.169.254' }, 'url'],
    [{ url: 'gpu-2:11434' }, 'url'],
    [{ url: 'http://gpu-2:11434', name: 'a b' }, 'name'],
    [{ url: 'http://gpu-2:11434', slots: 0 }, 'slots'],
    [{ url: 'http://gpu-2:11434', vram_gb: -1 }, 'vram_gb'],
    [{ url: 'http://gpu-2:11434', slot: 1 }, 'slot'],
    [{}, 'url'],
  ])('refuses %j, and says which field breaks which rule', async (body, field) => {
    expect(await errorsOf(body)).toEqual([{ field, rule: expect.any(String), value: expect.any(String) }]);
    expect(await opened.memory.nodeRegistry.list()).toEqual([]);
  });

  it.each([
    { token: 's3cret-value' },
    { bearerToken: 's3cret-value' },
    { api_key: 's3cret-value' },
    { token_env: 's3cret-value' },
    { token_env: 'AWS_SECRET_ACCESS_KEY' },
  ])('takes no token and no other secret (%j), says how to name one, and repeats nothing', async (extra) => {
    const [field] = Object.keys(extra);
    const rule = expect.stringContaining('set it as HYDRA_TOKEN_<NAME> where Hydra runs') as string;
    expect(await errorsOf({ url: 'http://gpu-2:11434', ...extra })).toEqual([{ field, rule, value: 'not shown' }]);
  });

  it('repeats no password that stands in a URL', async () => {
    const { body } = await call('POST', '/nodes', { url: 'http://me:s3cret@gpu-2:11434' });
    expect(body).toMatchObject({ code: 'RequestRejected', errors: [{ field: 'url' }] });
    expect(JSON.stringify(body)).not.toContain('s3cret');
  });

  it('takes nothing but JSON', async () => {
    const response = await opened.api.request('/nodes', { method: 'POST', body: 'url=http://gpu-2' });
    expect(response.status).toBe(415);
  });
});

describe('steering a node', () => {
  it('drains and resumes a host of the settings', async () => {
    expect((await call('POST', '/nodes/gpu-1/drain')).body).toMatchObject({ id: 'gpu-1', wanted: 'draining' });
    expect((await listNodes()).nodes).toMatchObject([{ id: 'gpu-1', wanted: 'draining' }]);
    expect((await call('POST', '/nodes/gpu-1/resume')).body).toMatchObject({ id: 'gpu-1', wanted: 'active' });
    expect((await listNodes()).nodes).toMatchObject([{ id: 'gpu-1', wanted: 'active' }]);
  });

  it('removes a host, lists it as removed, and brings it back', async () => {
    const removed = await call('DELETE', '/nodes/gpu-1');
    expect(removed).toMatchObject({ status: 200, body: { id: 'gpu-1', busy_slots: 1 } });
    expect(await listNodes()).toEqual({ nodes: [], removed: [{ id: 'gpu-1', url: 'http://gpu-1:11434' }] });
    expect((await call('DELETE', '/nodes/gpu-1')).status).toBe(404);
    expect((await call('POST', '/nodes/gpu-1/drain')).status).toBe(404);
    expect((await call('POST', '/nodes/gpu-1/resume')).body).toMatchObject({ id: 'gpu-1', wanted: 'active' });
    expect(await listNodes()).toMatchObject({ nodes: [{ id: 'gpu-1' }], removed: [] });
  });

  it('brings an added host back as it was added', async () => {
    await call('POST', '/nodes', { url: 'http://gpu-2:11434', slots: 3 });
    await call('DELETE', '/nodes/gpu-2');
    expect(((await call('POST', '/nodes/gpu-2/resume')).body as WireNode).slots).toBe(3);
  });

  it('lets another host have the name of a removed one', async () => {
    await call('DELETE', '/nodes/gpu-1');
    snapshots = [];
    expect((await call('POST', '/nodes', { url: 'http://10.0.0.7:11434', name: 'gpu-1' })).status).toBe(201);
    expect(await listNodes()).toMatchObject({ nodes: [{ id: 'gpu-1', url: 'http://10.0.0.7:11434' }], removed: [] });
  });

  it.each([
    ['GET', '/nodes/gpu-7'],
    ['DELETE', '/nodes/gpu-7'],
    ['POST', '/nodes/gpu-7/drain'],
    ['POST', '/nodes/gpu-7/resume'],
    ['POST', '/nodes/gpu-7/probe'],
  ])('%s %s: no host has this name, and a similar one is offered', async (method, path) => {
    expect(await call(method, path)).toMatchObject({
      status: 404,
      body: { code: 'NodeNotFound', detail: 'No Ollama host is called "gpu-7"; did you mean gpu-1?' },
    });
  });

  it('answers a probe with what the owner of the fleet has seen since', async () => {
    const asked = call('POST', '/nodes/gpu-1/probe');
    const { nodeRegistry } = opened.memory;
    await expect.poll(async () => (await nodeRegistry.list())[0]?.probesAsked).toBe(1);
    snapshots = [{ ...GPU_1, state: 'down', problem: 'connection refused' }];
    await nodeRegistry.answerProbe('gpu-1' as NodeId, 1);
    expect(await asked).toMatchObject({ status: 200, body: { fresh: true, node: { state: 'down' } } });
  });

  it('says that a probe still waits when the service stops before anyone has looked', async () => {
    const stopping = new AbortController();
    await opened.close();
    opened = await openApi({ nodes: async () => snapshots, stopping: stopping.signal });
    const asked = call('POST', '/nodes/gpu-1/probe');
    await expect.poll(async () => (await opened.memory.nodeRegistry.list())[0]?.probesAsked).toBe(1);
    stopping.abort();
    expect(await asked).toMatchObject({ status: 202, body: { fresh: false, node: { id: 'gpu-1', state: 'up' } } });
  });
});
