import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeId, RunId } from '../../domain/ids.ts';
import type { WireRun } from '../../api/wire-run.ts';
import { appendEvent, openApi, postGenerate } from '../support/api-harness.ts';
import type { OpenedApi } from '../support/api-harness.ts';

let opened: OpenedApi;
afterEach(() => opened.close());

async function submit(id: string): Promise<RunId> {
  await postGenerate(opened.api, { prompt: `Write ${id}`, workflow_id: id });
  return id as RunId;
}

describe('what a run waits for, in GET /runs/{id},', () => {
  const progress = { phase: 'attempt', parts: [], modelCalls: 0, tokens: 0 } as const;
  const waiting = (model: string, reason: string) => ({ type: 'model.waiting', model, reason }) as const;
  const started = { type: 'model.started', role: 'write', model: 'big', nodeId: 'gpu-1' as NodeId, why: '' } as const;
  const before = (key: string) => ({ key, attempt: 0 });

  async function readWaits(path = '/runs/r1'): Promise<unknown> {
    const run = (await (await opened.api.request(path)).json()) as WireRun;
    return run.progress?.waiting;
  }

  beforeEach(async () => {
    opened = await openApi();
    const id = await submit('r1');
    await opened.memory.runs.update(id, { status: 'running', progress });
    await appendEvent(opened.memory, id, { type: 'phase.started', phase: 'attempt', note: '' });
  });

  it('is shown with its reason, once for calls that wait for the same', async () => {
    const id = 'r1' as RunId;
    await appendEvent(opened.memory, id, waiting('big', 'no host has big'), before('s1'));
    await appendEvent(opened.memory, id, waiting('big', 'no host has big'), before('s2'));
    const since = expect.any(String) as string;
    expect(await readWaits()).toEqual([{ part: null, model: 'big', reason: 'no host has big', calls: 2, since }]);
  });

  it('is told anew when the reason changes, and no more once the call has started', async () => {
    const id = 'r1' as RunId;
    await appendEvent(opened.memory, id, waiting('big', 'gpu-1 is down'), before('s1'));
    await appendEvent(opened.memory, id, waiting('big', 'gpu-1 is busy'), before('s1'));
    expect(await readWaits()).toMatchObject([{ reason: 'gpu-1 is busy', calls: 1 }]);
    await appendEvent(opened.memory, id, started, { key: 's1', attempt: 1 });
    expect(await readWaits()).toEqual([]);
  });

  it('ends with its phase: what is cancelled waits for nothing', async () => {
    const id = 'r1' as RunId;
    await appendEvent(opened.memory, id, waiting('big', 'gpu-1 is busy'), before('s1'));
    await appendEvent(opened.memory, id, { type: 'phase.started', phase: 'record', note: '' });
    expect(await readWaits()).toEqual([]);
  });

  it('is any model at all while no host has shown one', async () => {
    await opened.close();
    const [node] = await opened.deps.nodes();
    opened = await openApi({ nodes: async () => [{ ...node!, state: 'down', problem: 'refused', models: [] }] });
    await opened.memory.runs.update(await submit('r2'), { status: 'running', progress });
    await appendEvent(opened.memory, 'r2' as RunId, { type: 'phase.started', phase: 'recall', note: '' });
    expect(await readWaits('/runs/r2')).toMatchObject([
      { model: null, reason: 'no Ollama host has shown a model yet (gpu-1: refused)' },
    ]);
  });
});
