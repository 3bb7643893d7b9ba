import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';

/** Answers a candidate by the seed of its sample, so that each candidate is known. */
const RIGHT = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```';
const WRONG = '```javascript\nexport function add(a, b) {\n  return a - b;\n}\n```';

let node: SimulatedNode;
let hydra: RunningHydra;

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    slots: 2,
    answers: ({ prompt }) => (prompt.includes('always wrong') ? WRONG : prompt.includes('add') ? RIGHT : undefined),
  });
  hydra = await startHydra({ nodes: { n1: node.url } });
});

afterAll(async () => {
  await hydra?.stop();
  await node?.close();
});

describe('one request', () => {
  test('becomes verified code when the user gives examples', async () => {
    const id = await hydra.submit({
      prompt: 'Write a JavaScript function add(a, b).',
      language: 'javascript',
      examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
    });
    const run = await hydra.outcome(id);
    expect(run.error).toBeNull();
    expect(run).toMatchObject({ status: 'completed', result: { state: 'verified', language: 'javascript' } });
    const program = await hydra.program(run);
    expect(program.files[0]?.content).toContain('return a + b');
  });
});
