import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeId, RunId, StepKey } from '../../domain/ids.ts';
import type { EndedCall } from '../../fleet/scheduler-port.ts';
import type { ProgramRunner, SandboxJob, SandboxReport } from '../../sandbox/program-runner.ts';
import { createCallMetrics } from '../../workers/metrics/call-metrics.ts';
import { countSandboxRuns } from '../../workers/metrics/count-sandbox-runs.ts';
import { countSteps } from '../../workers/metrics/count-steps.ts';
import { mergeExpositions } from '../../workers/metrics/merge-expositions.ts';
import { addStoreMetrics } from '../../workers/metrics/store-metrics.ts';
import { appendEvent, finishRun, openApi, postGenerate, type OpenedApi } from '../support/api-harness.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';
import { readScrape, type Scrape } from '../support/read-metrics.ts';

let registry: Registry;
beforeEach(() => {
  registry = new Registry();
});

const scrape = async (): Promise<Scrape> => readScrape(await registry.metrics());

function anEndedCall(change: Partial<EndedCall> = {}): EndedCall {
  return {
    leaseId: 'l1',
    nodeId: 'gpu-1' as NodeId,
    model: 'coder:7b',
    expectedSeconds: 2,
    seconds: 3,
    report: { ended: 'finished', promptTokens: 100, completionTokens: 40, loadMs: 0, promptMs: 500, decodeMs: 2_000 },
    ...change,
  };
}

describe('model calls', () => {
  it('are counted by host, model and how they ended; times and tokens only of answers', async () => {
    const count = createCallMetrics(registry);
    count(anEndedCall());
    count(anEndedCall({ report: { ended: 'unavailable', reason: 'it burns' } }));
    const seen = await scrape();
    const labels = { node: 'gpu-1', model: 'coder:7b' };
    expect(seen.value('hydra_model_calls_total', { ...labels, outcome: 'finished' })).toBe(1);
    expect(seen.value('hydra_model_calls_total', { ...labels, outcome: 'unavailable' })).toBe(1);
    expect(seen.value('hydra_model_tokens_total', { ...labels, kind: 'completion' })).toBe(40);
    expect(seen.value('hydra_model_call_seconds_count', labels)).toBe(1);
    expect(seen.value('hydra_prediction_ratio_count', { node: 'gpu-1' })).toBe(1);
    expect(seen.problems).toEqual([]);
  });
});

describe('step results', () => {
  it('count once under their key; what comes later is counted as dropped, and the first is given', async () => {
    const opened = await openApi();
    const steps = countSteps(opened.memory.steps, registry);
    const key = 'run-1/whole/write/0/abc' as StepKey;
    const values = [{ text: 'b', answer: 1 }, { answer: 2 }];
    for (const value of values) expect(await steps.acceptOnce(key, 'run-1' as RunId, value)).toEqual(values[0]);
    const seen = await scrape();
    expect(seen.value('hydra_steps_accepted_total', { role: 'write' })).toBe(1);
    expect(seen.value('hydra_steps_dropped_total', { role: 'write' })).toBe(1);
    expect(await steps.find(key)).toEqual(values[0]);
    await opened.close();
  });
});

describe('sandbox runs', () => {
  it('are counted by how they ended, those that the sandbox failed too', async () => {
    const runner: ProgramRunner = {
      description: { name: 'deno', version: '1', languages: ['python'], weaknesses: [] },
      async run({ limits }) {
        if (limits.processes === 0) throw new Error('no sandbox');
        return { ending: 'wall_clock' } as SandboxReport;
      },
      close: async () => {},
    };
    const counted = countSandboxRuns(runner, registry);
    const job = (processes: number) =>
      ({ language: 'python', task: { kind: 'import' }, limits: { processes } }) as SandboxJob;
    const { signal } = new AbortController();
    await counted.run(job(1), signal);
    await expect(counted.run(job(0), signal)).rejects.toThrow('no sandbox');
    const seen = await scrape();
    expect(seen.value('hydra_sandbox_runs_total', { ending: 'wall_clock', language: 'python', task: 'import' })).toBe(
      1,
    );
    expect(seen.value('hydra_sandbox_runs_total', { ending: 'fault' })).toBe(1);
    expect(seen.value('hydra_sandbox_run_seconds_count')).toBe(2);
    expect(seen.problems).toEqual([]);
  });
});

describe('what the store has', () => {
  let opened: OpenedApi;
  beforeEach(async () => {
    opened = await openApi();
    addStoreMetrics(registry, opened.memory);
  });
  afterEach(() => opened.close());

  it('is true at each scrape: runs by status, events, hosts', async () => {
    expect((await scrape()).value('hydra_runs', { status: 'completed' })).toBe(0);
    for (const id of ['r1', 'r2']) await postGenerate(opened.api, { prompt: `Write ${id}`, workflow_id: id });
    await appendEvent(opened.memory, 'r2' as RunId, { type: 'phase.started', phase: 'attempt', note: '' });
    await finishRun(opened.memory, 'r1' as RunId);
    await opened.memory.nodeSnapshots.write([
      aNodeSnapshot({ id: 'a' as NodeId, state: 'up', slots: 4, busySlots: 3 }),
      aNodeSnapshot({ id: 'b' as NodeId, state: 'down' }),
    ]);
    const seen = await scrape();
    expect(seen.value('hydra_runs', { status: 'completed' })).toBe(1);
    expect(seen.value('hydra_open_runs')).toBe(1);
    expect(seen.value('hydra_run_events')).toBe(await opened.memory.events.count());
    expect(seen.value('hydra_run_events')).toBeGreaterThan(0);
    expect(seen.value('hydra_store_size_bytes')).toBeGreaterThan(0);
    expect([seen.value('hydra_node_up', { node: 'a' }), seen.value('hydra_node_up', { node: 'b' })]).toEqual([1, 0]);
    expect(seen.value('hydra_node_busy_slots', { node: 'a' })).toBe(3);
    expect(seen.problems).toEqual([]);
  });

  it('forgets a host that is gone', async () => {
    await opened.memory.nodeSnapshots.write([aNodeSnapshot({ id: 'a' as NodeId })]);
    expect((await scrape()).value('hydra_node_up', { node: 'a' })).toBeDefined();
    await opened.memory.nodeSnapshots.write([]);
    expect((await scrape()).value('hydra_node_up', { node: 'a' })).toBeUndefined();
  });
});

describe('texts of several processes', () => {
  const text = (process: string) =>
    [
      '# HELP calls_total Calls.',
      '# TYPE calls_total counter',
      `calls_total{process="${process}"} 1`,
      '# HELP took_seconds Time.',
      '# TYPE took_seconds histogram',
      `took_seconds_bucket{process="${process}",le="+Inf"} 2`,
      `took_seconds_sum{process="${process}"} 3`,
      `took_seconds_count{process="${process}"} 2`,
      '',
    ].join('\n');

  it('become one in which each metric is described once, with all its values', () => {
    const merged = mergeExpositions([text('main'), '', text('verify')]);
    const seen = readScrape(merged);
    expect(seen.problems).toEqual([]);
    expect([...seen.types.keys()]).toEqual(['calls_total', 'took_seconds']);
    expect(seen.value('calls_total')).toBe(2);
    expect(seen.value('took_seconds_count', { process: 'verify' })).toBe(2);
    expect(merged.endsWith('\n')).toBe(true);
  });

  it('that are only put one behind the other would be refused', () => {
    expect(readScrape(text('main') + text('verify')).problems).toContain('calls_total: described twice');
  });

  it('may all be empty', () => {
    expect(mergeExpositions(['', '\n'])).toBe('');
  });
});
