import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import { openApi, type OpenedApi } from '../support/api-harness.ts';
import { createFakePulls, type FakePulls } from '../support/fake-pulls.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const node = (id: string, facts: Parameters<typeof aNodeSnapshot>[0] = {}) =>
  aNodeSnapshot({ id: id as NodeId, models: [], ...facts });
const MODEL = { name: 'qwen3:1.7b', sizeBytes: 1, family: 'qwen3', parameterSize: '1.7B' };

let pulls: FakePulls;
let opened: OpenedApi;
beforeEach(async () => {
  pulls = createFakePulls();
  const nodes = [
    node('a'),
    node('b', { models: [MODEL] }),
    node('c', { vramBytes: 24e9 }),
    node('drained', { wanted: 'draining' }),
    node('off', { state: 'down' }),
  ];
  opened = await openApi({ pulls, nodes: async () => nodes });
});
afterEach(() => opened.close());

async function ask(path: string, body?: unknown) {
  const init = body === undefined ? {} : { method: 'POST', ...sent(body) };
  const response = await opened.api.request(path, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const sent = (body: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const pull = (body: unknown) => ask('/models/pull', body);
const rulesOf = ({ body }: Awaited<ReturnType<typeof ask>>) =>
  (body['errors'] as { field: string; rule: string; value: string }[]).map(
    ({ field, rule, value }) => `${field}: ${rule} (${value})`,
  );

describe('POST /models/pull', () => {
  it('pulls on every host that is up and in use, and says where to look', async () => {
    const { status, headers, body } = await pull({ model: 'qwen3:1.7b' });
    expect(status).toBe(202);
    expect(body).toEqual({
      id: 'qwen3:1.7b',
      status_url: '/models/pulls/qwen3%3A1.7b',
      nodes: ['a', 'b', 'c'],
      joined: false,
    });
    expect(headers.get('location')).toBe('/models/pulls/qwen3%3A1.7b');
  });

  it('pulls on the hosts that are named, also one that is down or drained, each once', async () => {
    const { body } = await pull({ model: 'llama3.2', nodes: ['off', 'drained', 'off'] });
    expect(body).toMatchObject({ id: 'llama3.2:latest', nodes: ['off', 'drained'] });
  });

  it.each([
    [1, ['b']],
    [2, ['b', 'c']],
  ])('on %i hosts takes those that have it, then those with the most memory', async (on, nodes) => {
    expect((await pull({ model: 'qwen3:1.7b', on })).body).toMatchObject({ nodes });
  });

  it('joins a pull of the same model, however its name is written', async () => {
    await pull({ model: 'llama3.2', nodes: ['a'] });
    expect((await pull({ model: 'Llama3.2:latest', nodes: ['c'] })).body).toMatchObject({ joined: true });
    expect((await ask('/models/pulls/llama3.2')).body['nodes']).toHaveLength(2);
  });

  it.each([
    [{}, ['model: required: a string (nothing)']],
    [{ model: '' }, ['model: must have at least 1 character ("")']],
    [
      { model: '../etc/passwd' },
      ['model: must be the name of a model, such as qwen3:1.7b or hf.co/owner/model:tag ("../etc/passwd")'],
    ],
    [{ model: 'a b' }, ['model: must be the name of a model, such as qwen3:1.7b or hf.co/owner/model:tag ("a b")']],
    [{ model: 7 }, ['model: must be a string (7)']],
    [
      { model: 'a', nodes: ['a', 'x', 'y'] },
      ['nodes[1]: must be one of a, b, c, drained, off ("x")', 'nodes[2]: must be one of a, b, c, drained, off ("y")'],
    ],
    [{ model: 'a', nodes: [] }, ['nodes: must have at least 1 entry (a list of 0)']],
    [{ model: 'a', on: 4 }, ['on: must be at most 3, the hosts that are up and in use now (4)']],
    [{ model: 'a', on: 0 }, ['on: must be at least 1 (0)']],
    [{ model: 'a', on: 1, nodes: ['a'] }, ['on: must not stand beside nodes (1)']],
    [{ model: 'a', node: ['a'] }, ['node: unknown field; did you mean nodes? (a list of 1)']],
  ])('refuses %j', async (body, rules) => {
    const answer = await pull(body);
    expect(answer.status).toBe(422);
    expect(rulesOf(answer)).toEqual(rules);
    expect((await ask('/models/pulls')).body).toEqual({ pulls: [] });
  });

  it('says what to do when no host is up', async () => {
    const { api, close } = await openApi({ nodes: async () => [node('off', { state: 'down' })] });
    const response = await api.request('/models/pull', { method: 'POST', ...sent({ model: 'a' }) });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('must name the hosts to wait for, because none is up and in use now');
    await close();
  });

  it('refuses a body that is no JSON, or not declared as such', async () => {
    expect((await pull('{')).status).toBe(400);
    expect((await opened.api.request('/models/pull', { method: 'POST', body: '{"model":"a"}' })).status).toBe(415);
  });

  it('answers 503 while Temporal is away', async () => {
    pulls.down = true;
    const { status, headers } = await pull({ model: 'a' });
    expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  });
});

describe('a pull', () => {
  it('is shown host by host', async () => {
    await pull({ model: 'hf.co/owner/model:Q4', nodes: ['a'] });
    const nodePull = {
      nodeId: 'a' as NodeId,
      state: 'pulling',
      status: 'pulling 8934d96d3f08',
      completedBytes: 10,
      totalBytes: 40,
      problem: null,
    } as const;
    pulls.change('hf.co/owner/model:Q4', { nodes: [nodePull] });
    const shown = {
      id: 'hf.co/owner/model:q4',
      model: 'hf.co/owner/model:Q4',
      status: 'running',
      status_url: '/models/pulls/hf.co%2Fowner%2Fmodel%3Aq4',
      started_at: '2026-01-01T00:00:00.000Z',
      ended_at: null,
      nodes: [
        {
          node: 'a',
          state: 'pulling',
          status: 'pulling 8934d96d3f08',
          completed_bytes: 10,
          total_bytes: 40,
          problem: null,
        },
      ],
    };
    expect((await ask('/models/pulls/hf.co%2Fowner%2Fmodel%3Aq4')).body).toEqual(shown);
    expect((await ask('/models/pulls')).body).toEqual({ pulls: [shown] });
  });

  it('that is open is asked to stop; one that has ended is shown as it is', async () => {
    await pull({ model: 'a' });
    expect((await ask('/models/pulls/a/cancel', {})).status).toBe(202);
    pulls.change('a', { status: 'cancelled' });
    expect((await ask('/models/pulls/a/cancel', {})).status).toBe(200);
  });

  it('that never was is 404, with the ID', async () => {
    const { status, body } = await ask('/models/pulls/never');
    expect([status, body['code'], body['detail']]).toEqual([404, 'PullNotFound', 'No pull has the ID "never".']);
    expect((await ask('/models/pulls/never/cancel', {})).status).toBe(404);
  });
});
