import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { NodeId, RunId } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import { createSystemClock } from '../../fleet/clock.ts';
import { createFleet, type Fleet, type FleetOptions } from '../../fleet/fleet.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { simulatedModel, type SimulatedNodeOptions } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { createKnowledgeKeeper } from '../../workers/keep-knowledge.ts';
import { waitUntil } from '../support/wait-until.ts';

const GIB = 1024 ** 3;
const CONTEXT_TOKENS = 8192;
const GPU = 'gpu' as NodeId;
const language = createOllamaLanguageModel();

let folder: string;
let memory: Memory;
const closing: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-knowledge-'));
  memory = await openSqliteMemory({ folder });
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startNode(options: SimulatedNodeOptions): Promise<SimulatedNode> {
  const node = await startSimulatedNode({ answers: () => 'word '.repeat(40), ...options });
  closing.push(() => node.close());
  return node;
}

/** A fleet of one host, as its owner creates it from what was kept. */
async function startFleet(url: string, options: Partial<FleetOptions> = {}): Promise<Fleet> {
  const fleet = createFleet({
    addresses: [{ id: GPU, url, slots: 1, origin: 'settings', wanted: 'active' }],
    languageModel: language,
    clock: createSystemClock(),
    probeIntervalMs: 100,
    probeTimeoutMs: 5_000,
    leaseTtlMs: 60_000,
    knowledge: await memory.fleetKnowledge.read(),
    ...options,
  });
  closing.push(() => fleet.close());
  fleet.start();
  await waitUntil(() => theNode(fleet).models.length > 0);
  return fleet;
}

function theNode(fleet: Fleet): NodeSnapshot {
  const [node] = fleet.snapshots();
  if (!node) throw new Error('the fleet has a host');
  return node;
}

/** One call, granted, made and reported as an activity does. */
async function call(fleet: Fleet, model: string, content = 'Say something.'): Promise<void> {
  const never = new AbortController().signal;
  const namespace = 'default';
  const needs = {
    promptTokens: 10,
    completionTokens: 50,
    contextTokens: CONTEXT_TOKENS,
    priority: 3,
    avoid: [],
  } as const;
  const lease = await fleet.scheduler.acquire(
    { runId: 'run' as RunId, title: 'a call', namespace, model, ...needs },
    never,
  );
  fleet.scheduler.claim(lease.leaseId);
  const node = fleet.addressOf(lease.nodeId);
  if (!node) throw new Error('the node is there');
  const generated = await language.generateText(
    {
      node,
      model,
      messages: [{ role: 'user', content }],
      temperature: 0,
      seed: 1,
      maxTokens: 200,
      contextTokens: CONTEXT_TOKENS,
      deadlines: { firstTokenMs: 30_000, idleMs: 30_000, totalMs: 60_000 },
    },
    { signal: never, onText: () => undefined },
  );
  fleet.scheduler.release(lease.leaseId, { ended: 'finished', ...generated });
}

test('a host that is given a wrong token is down and names the token, and calls go elsewhere', async () => {
  const [open, guarded] = [await startNode({}), await startNode({ bearerToken: 'right' })];
  const place = { slots: 1, origin: 'settings', wanted: 'active' } as const;
  const addresses = [
    { ...place, id: GPU, url: open.url },
    { ...place, id: 'guarded' as NodeId, url: guarded.url, bearerToken: 'wrong' },
  ];
  const fleet = await startFleet(open.url, { addresses });
  await waitUntil(() => fleet.snapshots().every(({ state }) => state !== 'unknown'));
  expect(fleet.snapshots()[1]).toMatchObject({
    state: 'down',
    problem: expect.stringMatching(/it refused the token that it was given, or wants one \(token_env\): /),
  });
  for (let index = 0; index < 3; index += 1) await call(fleet, 'simulated:latest');
  expect(guarded.log().calls.filter(({ path }) => path === '/api/chat')).toEqual([]);
});

describe('what is known of a host', () => {
  const models = [
    simulatedModel('small:1b', { sizeBytes: GIB, contextBytesPerToken: 16 * 1024 }),
    simulatedModel('large:9b', { sizeBytes: 4 * GIB, capabilities: ['completion', 'thinking'] }),
  ];

  test('is what the host says: version, models with what they can, and what they take in memory', async () => {
    const node = await startNode({ models, version: '0.12.6', vramBytes: 3 * GIB });
    const fleet = await startFleet(node.url);
    await call(fleet, 'small:1b');
    await waitUntil(() => theNode(fleet).residentModels.length === 1);
    const sizeBytes = GIB + CONTEXT_TOKENS * 16 * 1024;
    expect(theNode(fleet)).toMatchObject({
      state: 'up',
      version: '0.12.6',
      models: [
        {
          name: 'small:1b',
          quantization: 'Q4_K_M',
          contextTokens: 32_768,
          memoryShape: { contextBytesPerToken: 16_384 },
        },
        { name: 'large:9b', capabilities: ['completion', 'thinking'] },
      ],
      residentModels: [{ name: 'small:1b', sizeBytes, vramBytes: sizeBytes, contextTokens: CONTEXT_TOKENS }],
      vramBytes: sizeBytes,
      vramSource: 'learned',
      speeds: [{ model: 'small:1b', samples: 1, failureShare: 0 }],
    });
  });

  test('tells of a model that did not fit how much memory there is', async () => {
    const node = await startNode({ models, vramBytes: 3 * GIB });
    const fleet = await startFleet(node.url);
    await call(fleet, 'large:9b');
    await waitUntil(() => theNode(fleet).residentModels.length === 1);
    expect(theNode(fleet)).toMatchObject({ vramBytes: 3 * GIB, vramSource: 'learned' });
  });

  test('does not speak of memory where nobody watches it, and knows all else', async () => {
    const node = await startNode({ models });
    const fleet = await startFleet(node.url, { watchesMemory: false });
    await call(fleet, 'small:1b');
    await fleet.refresh(GPU);
    expect(node.residentModels()).toEqual(['small:1b']);
    expect(theNode(fleet)).toMatchObject({ residentModels: [], vramBytes: null, speeds: [{ model: 'small:1b' }] });
  });

  test('is not disturbed by a load: the host lives, and what was in memory stays known', async () => {
    const node = await startNode({
      models,
      vramBytes: 16 * GIB,
      modelSpeeds: { 'large:9b': { loadBytesPerSecond: 2 * GIB } },
    });
    const fleet = await startFleet(node.url);
    await call(fleet, 'small:1b');
    await waitUntil(() => theNode(fleet).residentModels.length === 1);
    const loading = call(fleet, 'large:9b');
    await waitUntil(() => node.log().totals.open > 0);
    const seenAt = theNode(fleet).seenAt;
    await waitUntil(() => theNode(fleet).seenAt !== seenAt);
    expect(theNode(fleet)).toMatchObject({ state: 'up', residentModels: [{ name: 'small:1b' }] });
    await loading;
    await waitUntil(() => theNode(fleet).residentModels.length === 2);
    expect(theNode(fleet).speeds.find(({ model }) => model === 'large:9b')?.loadSeconds).toBeGreaterThan(1.9);
  });

  test('is known to the next process, and not laid to another machine of that name', async () => {
    const node = await startNode({ models, vramBytes: 3 * GIB, speed: { completionTokensPerSecond: 400 } });
    const first = await startFleet(node.url);
    await call(first, 'large:9b');
    await waitUntil(() => theNode(first).residentModels.length === 1);
    const known = theNode(first);
    await createKnowledgeKeeper(memory.fleetKnowledge, () => first.knowledge()).finish();
    first.close();
    await memory.close();
    memory = await openSqliteMemory({ folder });

    const next = await startFleet(node.url);
    expect(theNode(next)).toMatchObject({ speeds: known.speeds, vramBytes: known.vramBytes, vramSource: 'learned' });
    expect(known.speeds[0]?.completionTokensPerSecond).toBeGreaterThan(0);

    const other = await startNode({ models });
    expect(theNode(await startFleet(other.url))).toMatchObject({ speeds: [], vramBytes: null });
  });
});

describe('prompts that a host knows already', () => {
  test('do not make it look faster at those that it does not', async () => {
    const models = [simulatedModel('small:1b')];
    const speed = { promptTokensPerSecond: 20_000 };
    const node = await startNode({ models, speed, cachesPrompts: true });
    const fleet = await startFleet(node.url);
    for (const topic of ['a', 'b', 'a', 'a', 'a']) await call(fleet, 'small:1b', `${topic} `.repeat(8_000));
    const learned = theNode(fleet).speeds[0]?.promptTokensPerSecond ?? 0;
    expect(learned / speed.promptTokensPerSecond).toBeGreaterThan(0.6);
    expect(learned / speed.promptTokensPerSecond).toBeLessThan(1.5);
  });
});
