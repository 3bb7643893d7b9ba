import { afterEach, describe, expect, test } from 'vitest';
import { createCompute } from '../../models/simulated-node/compute.ts';
import { createFaultBook } from '../../models/simulated-node/faults.ts';
import { simulatedModel, type SimulatedNodeOptions } from '../../models/simulated-node/options.ts';
import { createPromptCache } from '../../models/simulated-node/prompt-cache.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';

const never = new AbortController().signal;
let node: SimulatedNode | undefined;

afterEach(async () => {
  await node?.close();
  node = undefined;
});

async function start(options: SimulatedNodeOptions): Promise<void> {
  node = await startSimulatedNode(options);
}

async function promptSeconds(model: string, content: string): Promise<number> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content }], stream: false });
  const response = await fetch(`${node!.url}/api/chat`, { method: 'POST', body });
  const { prompt_eval_duration: nanoseconds } = (await response.json()) as { prompt_eval_duration: number };
  return nanoseconds / 1e9;
}

describe('the compute of a node', () => {
  test('is shared by those who use it at the same time', async () => {
    const compute = createCompute(1);
    const startedMs = performance.now();
    const work = async (): Promise<void> => {
      compute.join();
      await compute.waitUntil(compute.workedMs() + 100, never);
    };
    await Promise.all([work(), work()]);
    expect(performance.now() - startedMs).toBeGreaterThan(190);
  });

  test('gives each user full speed while it has a lane for each', async () => {
    const compute = createCompute(2);
    compute.join();
    compute.join();
    const [startedMs, workedMs] = [performance.now(), compute.workedMs()];
    await compute.waitUntil(workedMs + 50, never);
    expect(compute.workedMs() - workedMs).toBeCloseTo(performance.now() - startedMs, 0);
  });

  test('is no longer waited for by an answer that nobody wants', async () => {
    const leaving = new AbortController();
    const waiting = createCompute(1).waitUntil(1e6, leaving.signal);
    leaving.abort();
    await expect(waiting).rejects.toThrow();
  });
});

describe('the prompt cache of a model', () => {
  test('knows the start that a prompt shares with the one before, slot by slot', () => {
    const cache = createPromptCache();
    expect(cache.read(0, 'the files, then a question')).toBe(0);
    expect(cache.read(1, 'something else')).toBe(0);
    expect(cache.pick([1, 0], 'the files, then another one')).toBe(0);
    expect(cache.read(0, 'the files, then another one')).toBe('the files, then a'.length);
  });

  test('saves the reading of what was read, where the node caches', async () => {
    const prompt = 'x'.repeat(4000);
    const models = [simulatedModel('m')];
    await start({ models, cachesPrompts: true, speed: { promptTokensPerSecond: 20_000 } });
    const first = await promptSeconds('m', prompt);
    expect(await promptSeconds('m', prompt)).toBeLessThan(first / 10);
  });
});

describe('a node with models of different speeds', () => {
  test('reads each at its own', async () => {
    const models = [simulatedModel('fast'), simulatedModel('slow')];
    const modelSpeeds = { slow: { promptTokensPerSecond: 10_000 }, fast: { promptTokensPerSecond: 40_000 } };
    await start({ models, modelSpeeds });
    const prompt = 'y'.repeat(4000);
    expect((await promptSeconds('slow', prompt)) / (await promptSeconds('fast', prompt))).toBeCloseTo(4, 5);
  });
});

describe('a fault that hits a share of the calls', () => {
  test('is spread evenly over them, and leaves other models alone', () => {
    const book = createFaultBook([{ kind: 'end_without_done', afterTokens: 1, share: 0.25, model: 'm' }]);
    const hits = Array.from({ length: 8 }, () => book.hit('m').find('end_without_done') !== undefined);
    expect(hits).toEqual([false, false, false, true, false, false, false, true]);
    expect(book.hit('other').find('end_without_done')).toBeUndefined();
  });
});
