import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

let port: number;
let hydra: RunningHydra;
let node: SimulatedNode | undefined;

beforeAll(async () => {
  port = await findFreePort();
  hydra = await startHydra({ nodes: { late: `http://127.0.0.1:${port}` } });
});

afterAll(async () => {
  await hydra?.stop();
  await node?.close();
});

test('a run that starts before any host was ever seen waits for one, and then goes on', async () => {
  const id = await hydra.submit({
    prompt: 'Write a JavaScript function add(a, b).',
    language: 'javascript',
    examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
    candidates: 1,
  });
  const handle = hydra.temporal.client.workflow.getHandle(id);
  // It waits where the Web UI shows it: in an activity that says what is missing.
  await waitUntil(async () => ((await handle.describe()).raw.pendingActivities?.[0]?.attempt ?? 0) > 1);
  node = await startSimulatedNode({
    port,
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    answers: () => '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```',
  });
  expect(await hydra.outcome(id)).toMatchObject({ status: 'completed', result: { state: 'verified' } });
});
