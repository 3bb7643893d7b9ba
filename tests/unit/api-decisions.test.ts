import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireDecisionList } from '../../api/wire-decision.ts';
import type { NodeId, RunId } from '../../domain/ids.ts';
import { openApi, type OpenedApi } from '../support/api-harness.ts';
import { aDecision } from '../support/decisions.ts';

let opened: OpenedApi;
beforeEach(async () => {
  opened = await openApi({ metrics: async () => 'hydra_open_runs 1\n' });
  const outcome = { ended: 'finished', endedAt: '2026-01-01T00:00:04.000Z', seconds: 4 };
  await opened.memory.decisions.append(
    [aDecision('a'), aDecision('b', { runId: 'run-2' as RunId, nodeId: 'gpu-2' as NodeId })],
    [{ leaseId: 'a', ...outcome }],
  );
});
afterEach(() => opened.close());

const list = async (query: string): Promise<WireDecisionList['decisions']> => {
  const response = await opened.api.request(`/fleet/decisions${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as WireDecisionList).decisions;
};

describe('GET /fleet/decisions', () => {
  it('gives the newest first, with predicted and measured seconds, offers from soonest to latest, and reasons', async () => {
    const [newest, oldest] = await list('');
    expect(newest).toMatchObject({ id: 'b', measured_seconds: null, ended: null });
    expect(oldest).toEqual({
      id: 'a',
      at: '2026-01-01T00:00:00.000Z',
      workflow_id: 'run-1',
      step: 'write main.py, candidate 1',
      model: 'coder:7b',
      prompt_tokens: 300,
      completion_tokens: 200,
      waited_seconds: 0.5,
      node: 'gpu-1',
      predicted_seconds: 3,
      measured_seconds: 4,
      ended: 'finished',
      ended_at: '2026-01-01T00:00:04.000Z',
      offers: [
        { node: 'gpu-1', must_load: false, wait_seconds: 0, finish_seconds: 3 },
        { node: 'gpu-2', must_load: true, wait_seconds: 0, finish_seconds: 9.8 },
      ],
      passed_over: [{ node: 'laptop', reason: 'model_absent' }],
    });
  });

  it('gives those of one run, of one host, or a few', async () => {
    expect((await list('?run=run-2')).map(({ id }) => id)).toEqual(['b']);
    expect((await list('?node=gpu-1')).map(({ id }) => id)).toEqual(['a']);
    expect((await list('?limit=1')).map(({ id }) => id)).toEqual(['b']);
    expect(await list('?run=unknown')).toEqual([]);
  });

  it.each(['limit=0', 'limit=1001', 'limit=many', 'nodes=gpu-1'])('refuses ?%s and names it', async (query) => {
    const response = await opened.api.request(`/fleet/decisions?${query}`);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain(query.split('=')[0]);
  });
});

describe('GET /metrics', () => {
  it('gives the text with the type that Prometheus expects', async () => {
    const response = await opened.api.request('/metrics');
    expect([response.status, await response.text()]).toEqual([200, 'hydra_open_runs 1\n']);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('is not given to a page of another site', async () => {
    expect((await opened.api.request('http://evil.example/metrics')).status).toBe(403);
  });
});
