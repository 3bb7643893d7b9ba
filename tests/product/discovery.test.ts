import { afterEach, expect, test } from 'vitest';
import type { NodeSnapshot } from '../../domain/node.ts';
import { simulatedModel, type SimulatedNodeOptions } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { findFreePort } from '../support/free-port.ts';
import { startHydra, type RunningHydra } from '../support/running-hydra.ts';
import { waitUntil } from '../support/wait-until.ts';

const started: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
});

async function startNode(port = 0, options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
  const node = await startSimulatedNode({ port, ...options });
  started.push({ stop: () => node.close() });
  return node;
}

async function start(nodes: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>>) {
  const hydra = await startHydra({ nodes, environment, runner: null });
  started.push(hydra);
  return hydra;
}

const portOf = ({ url }: SimulatedNode): string => new URL(url).port;
const nodesOf = (hydra: RunningHydra): Promise<readonly NodeSnapshot[]> => hydra.memory.nodeSnapshots.read();
const stateOf = async (hydra: RunningHydra, id: string) => (await nodesOf(hydra)).find((node) => node.id === id)?.state;

test('an Ollama on this machine is found beside those that are listed, is used once, and goes when it has vanished', async () => {
  const [listed, found] = [await startNode(), await startNode()];
  const hydra = await start(
    { listed: listed.url },
    {
      SOLLOL_DISCOVERY_ENABLED: 'true',
      HYDRA_DISCOVERY_PORTS: `${portOf(listed)},${portOf(found)}`,
      HYDRA_DISCOVERY_INTERVAL_SECONDS: '1',
    },
  );
  const id = `localhost-${portOf(found)}`;
  await waitUntil(async () => (await stateOf(hydra, id)) === 'up');
  const nodes = await nodesOf(hydra);
  expect(nodes.map((node) => [node.id, node.origin])).toEqual([
    ['listed', 'settings'],
    [id, 'discovered'],
  ]);
  await listed.kill();
  await found.kill();
  await waitUntil(async () => (await stateOf(hydra, id)) === undefined);
  // What the settings list stays, down or not.
  expect((await nodesOf(hydra)).map((node) => node.id)).toEqual(['listed']);
  await startNode(Number(portOf(found)));
  await waitUntil(async () => (await stateOf(hydra, id)) === 'up');
});

test('nothing is looked for where nobody has switched it on', async () => {
  const [listed, other] = [await startNode(), await startNode()];
  const hydra = await start({ listed: listed.url }, { HYDRA_DISCOVERY_PORTS: portOf(other) });
  await waitUntil(async () => (await stateOf(hydra, 'listed')) === 'up');
  expect((await nodesOf(hydra)).map((node) => node.id)).toEqual(['listed']);
  expect(other.log().connections).toBe(0);
});

test('a run goes on while hosts come and go: on one that appears, and after its death on the next that appears', async () => {
  const [listed, early, late] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const hydra = await start(
    { listed: `http://127.0.0.1:${listed}` },
    {
      SOLLOL_DISCOVERY_ENABLED: 'true',
      HYDRA_DISCOVERY_PORTS: `${early},${late}`,
      HYDRA_DISCOVERY_INTERVAL_SECONDS: '1',
    },
  );
  const prompt = 'Write a JavaScript function add(a, b).';
  const id = await hydra.submit({ prompt, language: 'javascript', candidates: 1, decompose: 'never' });
  const models = [simulatedModel('qwen2.5-coder:7b', { parameterSize: '7B' })];
  const answers = () => '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```';
  const dying = await startNode(early, { models, answers, speed: { completionTokensPerSecond: 0.5 } });
  await waitUntil(() => dying.log().calls.some(({ path }) => path === '/api/chat'));
  await dying.kill();
  await startNode(late, { models, answers });
  const run = await hydra.outcome(id);
  expect(run).toMatchObject({ status: 'completed', result: { state: 'unverified' } });
  expect(JSON.stringify(run.result)).toContain(`localhost-${late}`);
});
