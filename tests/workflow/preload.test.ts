import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Question } from '../../models/simulated-node/answer-source.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { answerWrongly } from '../support/scripted-answers.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const GIGABYTE = 1024 ** 3;
const PLANNER = simulatedModel('qwen3:14b', { parameterSize: '14B' });
const WRITER = simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' });
const REQUEST = {
  prompt: 'Write a JavaScript function add(a, b).',
  language: 'javascript',
  examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
  candidates: 1,
  decompose: 'always',
  fresh: true,
} as const;

let nodes: readonly SimulatedNode[];
let hydra: RunningHydra;

beforeAll(async () => {
  const options = {
    models: [PLANNER, WRITER],
    answers: (question: Question) => answerWrongly(question),
    // A load takes a second.
    speed: { loadBytesPerSecond: GIGABYTE },
  };
  nodes = [await startSimulatedNode(options), await startSimulatedNode(options)];
  const [first, second] = nodes.map(({ url }) => url) as [string, string];
  hydra = await startHydra({
    nodes: { first, second },
    runner: null,
    environment: { HYDRA_HEAVY_MODEL: PLANNER.name, HYDRA_WORKER_MODELS: WRITER.name },
  });
});

afterAll(async () => {
  await hydra?.stop();
  await Promise.all((nodes ?? []).map((node) => node.close()));
});

const preloads = () => nodes.flatMap((node) => node.log().calls.filter(({ path }) => path === '/api/generate'));

test('a cancelled run ends the load that it has caused', async () => {
  for (const node of nodes) {
    node.faults.add({ kind: 'never_answer' });
  }
  const id = await hydra.submit(REQUEST);
  await waitUntil(() => preloads().some(({ ending }) => ending === 'open'));
  await hydra.cancel(id);
  await waitUntil(() => preloads().every(({ ending }) => ending === 'aborted'));
  expect(await hydra.outcome(id)).toMatchObject({ status: 'cancelled' });
  for (const node of nodes) node.faults.clear();
});

test('while one host plans, the other loads the model that writes, with the context that its calls ask for', async () => {
  const before = preloads().length;
  const id = await hydra.submit(REQUEST);
  await hydra.outcome(id);
  const [planned] = (await hydra.events(id)).flatMap(({ body }) => (body.type === 'model.started' ? [body] : []));
  expect(planned).toMatchObject({ role: 'plan', model: PLANNER.name });
  const [other] = nodes.filter((_, index) => ['first', 'second'][index] !== planned?.nodeId);
  expect(preloads()).toHaveLength(before + 1);
  expect(
    other
      ?.log()
      .calls.filter(({ path }) => path === '/api/generate')
      .at(-1),
  ).toMatchObject({
    model: WRITER.name,
    body: { options: { num_ctx: hydra.settings.contextTokens } },
    ending: 'answered',
  });
  expect(other?.residentModels()).toContain(WRITER.name);
});
