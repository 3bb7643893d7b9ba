import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunId } from '../../domain/ids.ts';
import type { Priority } from '../../domain/request.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const RIGHT = '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n';

let node: SimulatedNode;
let hydra: RunningHydra;
/** Who was answered, in order. */
let answered: string[] = [];

beforeAll(async () => {
  node = await startSimulatedNode({
    models: [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })],
    slots: 1,
    answers: ({ prompt }) => {
      answered.push(/asked as (\w+)/.exec(prompt)?.[1] ?? '');
      return RIGHT;
    },
  });
  hydra = await startHydra({ nodes: { n1: node.url } });
});

afterEach(() => {
  node.faults.clear();
  answered = [];
});

afterAll(async () => {
  await hydra?.stop();
  await node?.close();
});

function submit(name: string, priority: Priority): Promise<RunId> {
  return hydra.submit({
    prompt: `Write a JavaScript function add(a, b), asked as ${name}.`,
    language: 'javascript',
    examples: [{ call: 'add(2, 3)', expected: '5', source: 'user' }],
    candidates: 1,
    fresh: true,
    priority,
  });
}

function untilEvent(id: RunId, type: string): Promise<void> {
  return waitUntil(async () => (await hydra.events(id)).some(({ body }) => body.type === type));
}

/** Takes the only slot until it is cancelled. */
async function takeSlot(): Promise<RunId> {
  node.faults.add({ kind: 'never_answer', times: 1 });
  const id = await submit('holder', 3);
  await untilEvent(id, 'model.started');
  return id;
}

async function submitAndWait(name: string, priority: Priority): Promise<RunId> {
  const id = await submit(name, priority);
  await untilEvent(id, 'model.waiting');
  return id;
}

describe('with the only slot busy', () => {
  test.each<[name: string, late: Priority, order: readonly string[]]>([
    ['a later request of high priority is served before an earlier one of low priority', 1, ['late', 'early']],
    ['requests of the same priority are served in the order in which they came', 5, ['early', 'late']],
  ])('%s', async (_, late, order) => {
    const holder = await takeSlot();
    const runs = [await submitAndWait('early', 5), await submitAndWait('late', late)];
    answered = [];
    await hydra.cancel(holder);
    for (const id of runs) expect(await hydra.outcome(id)).toMatchObject({ status: 'completed' });
    expect(answered).toEqual(order);
  });
});
