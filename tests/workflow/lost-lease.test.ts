import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RememberingDependencies } from '../../activities/dependencies.ts';
import { submitRun } from '../../api/submit-run.ts';
import { createTemporalRunGateway } from '../../api/temporal-run-gateway.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { NodeId, RunId } from '../../domain/ids.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import { isTerminal, type RunRecord } from '../../domain/run.ts';
import { createSystemClock } from '../../fleet/clock.ts';
import type { Scheduler } from '../../fleet/scheduler-port.ts';
import { createScheduler } from '../../fleet/scheduling/scheduler.ts';
import { STATIC_TOOLS } from '../../languages/static-tools.ts';
import { createEventWriter, type EventWriter } from '../../memory/event-writer.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createOllamaLanguageModel } from '../../models/ollama-language-model.ts';
import { simulatedModel } from '../../models/simulated-node/options.ts';
import { startSimulatedNode, type SimulatedNode } from '../../models/simulated-node/start-simulated-node.ts';
import { connectTemporal, type TemporalConnections } from '../../workers/connect-temporal.ts';
import { startControlWorker } from '../../workers/control-worker.ts';
import { createNodeWorkers } from '../../workers/node-workers.ts';
import { createPlainEntries } from '../support/plain-entries.ts';
import { toRunTimeouts } from '../../workers/run-timeouts.ts';
import type { TemporalDevServer } from '../../workers/temporal-dev-server.ts';
import { startVerifyWorker } from '../../workers/verify-worker.ts';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { aRequest } from '../support/candidates.ts';
import { findFreePort } from '../support/free-port.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { waitUntil } from '../support/wait-until.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const MODEL = 'qwen2.5-coder:7b';
const ID = 'n1' as NodeId;
const MAX_WAIT_SECONDS = 3;

let home: string;
let node: SimulatedNode;
let temporalServer: TemporalDevServer;
let temporal: TemporalConnections;
let memory: Memory;
let events: EventWriter;
let submit: (change: Parameters<typeof aRequest>[0]) => Promise<RunId>;
/** How many grants still come from an owner of the fleet that is replaced before the call begins. */
let staleGrants = 0;
/** How many steps from now on are done for nothing, because the store cannot keep what came out. */
const storeFailures = { generateText: 0, verifyProgram: 0 };
const stopping: (() => Promise<void>)[] = [];

function anOwner(): Scheduler {
  const scheduler = createScheduler({ clock: createSystemClock(), leaseTtlMs: 60_000 });
  scheduler.addNode({ id: ID, url: node.url, slots: 1 });
  scheduler.observe(ID, { alive: true, problem: null, models: [MODEL], residentModels: [] });
  stopping.push(async () => scheduler.close());
  return scheduler;
}

function aSnapshot(): NodeSnapshot {
  const model = { name: MODEL, sizeBytes: 1e9, family: 'qwen2', parameterSize: '7B' };
  return aNodeSnapshot({ id: ID, url: node.url, models: [model] });
}

/** The memory as a worker sees it whose store goes away. */
function forgetful(step: keyof typeof storeFailures, kept: Memory): Memory {
  const acceptOnce: Memory['steps']['acceptOnce'] = async (...result) => {
    if (storeFailures[step]-- > 0) throw new SynthesisFailure('StoreUnavailable', 'The store is away.');
    return kept.steps.acceptOnce(...result);
  };
  return { ...kept, steps: { ...kept.steps, acceptOnce } };
}

async function startWorkers(deps: RememberingDependencies): Promise<void> {
  const { nativeConnection: connection, namespace } = temporal;
  const onDeath = (error: unknown): never => {
    throw error;
  };
  const place = { connection, namespace, graceMs: 500, onDeath };
  const owner = anOwner();
  // As in a process that has just started: every lease of the owner before is unknown.
  const schedulerHere = (): Scheduler => (staleGrants-- > 0 ? anOwner() : owner);
  const { codePath } = await buildWorkflowBundle(deps.settings.cache);
  const nodes = createNodeWorkers(place, {
    ...deps,
    memory: forgetful('generateText', deps.memory),
    languageModel: createOllamaLanguageModel(),
    scheduler: owner,
    preloader: { preload: async () => {} },
    nodes: () => [],
    nodeAddress: () => ({ id: ID, url: node.url, slots: 1 }),
  });
  await nodes.setNodes([{ id: ID, url: node.url, slots: 1 }]);
  stopping.push(() => nodes.stop());
  const control = await startControlWorker(place, { ...deps, schedulerHere }, codePath);
  const verify = await startVerifyWorker(place, {
    ...deps,
    memory: forgetful('verifyProgram', deps.memory),
    runner: null,
    noRunnerReason: 'not here',
    tools: STATIC_TOOLS,
  });
  stopping.push(async () => void (await Promise.all([control.stop(), verify.stop()])));
}

beforeAll(async () => {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  home = await mkdtemp(join(tmpdir(), 'hydra-lease-'));
  node = await startSimulatedNode({
    models: [simulatedModel(MODEL, { parameterSize: '7B' })],
    answers: () => '```javascript\nexport function add(a, b) {\n  return a + b;\n}\n```\n',
  });
  temporalServer = await startOwnTemporal({ folder: home, port: await findFreePort(), uiPort: await findFreePort() });
  const environment = {
    HYDRA_HOME: home,
    HYDRA_CACHE: process.env['HYDRA_CACHE'],
    HYDRA_NODE_WAIT_SECONDS: String(MAX_WAIT_SECONDS),
    TEMPORAL_ADDRESS: temporalServer.address,
  };
  const loaded = loadSettings({ environment, folder: join(import.meta.dirname, '../..') });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { settings } = loaded;
  memory = await openSqliteMemory({ folder: home });
  events = createEventWriter(memory.events);
  temporal = await connectTemporal(settings);
  await memory.nodeSnapshots.write([aSnapshot()]);
  const entries = createPlainEntries(memory);
  await startWorkers({ memory, entries, events, settings, promptsVersion: 'test' });
  const runs = createTemporalRunGateway({ client: temporal.client, timeouts: toRunTimeouts(settings) });
  submit = async (change) => {
    const sent = { body: {}, idempotencyKey: undefined, request: aRequest(change) };
    return (await submitRun({ memory, runs, maxOpenRuns: 1_000 }, sent)).runId;
  };
});

afterAll(async () => {
  for (const stop of stopping.toReversed()) await stop();
  await events?.close();
  await temporal?.close();
  await temporalServer?.stop();
  await memory?.close();
  await node?.close();
  await rm(home, { recursive: true, force: true });
});

async function outcome(words: string): Promise<RunRecord> {
  const prompt = `Write a JavaScript function add(a, b). ${words}`;
  const example = { call: 'add(2, 3)', expected: '5', source: 'user' } as const;
  const id = await submit({ prompt, language: 'javascript', candidates: 1, examples: [example], decompose: 'never' });
  let run: RunRecord | undefined;
  await waitUntil(async () => {
    run = await memory.runs.find(id);
    return run !== undefined && isTerminal(run.status);
  });
  return run as RunRecord;
}

/** How often the run asked for this step. */
async function countSteps({ id }: RunRecord, step: string): Promise<number> {
  const { events: history } = await temporal.client.workflow.getHandle(id).fetchHistory();
  return (history ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === step)
    .length;
}

describe('a call whose lease is gone when it begins, as after a change of the owner of the fleet,', () => {
  test('is not made, and is asked for again at once', async () => {
    staleGrants = 1;
    const before = node.log().totals.answered;
    const run = await outcome('once');
    expect(run).toMatchObject({ status: 'completed', result: { parts: [{ node: 'n1', attempts: 1 }] } });
    expect(node.log().totals.answered - before).toBe(1);
    expect(await countSteps(run, 'generateText')).toBe(2);
  });

  test('is asked for in growing pauses while every lease is gone, and at last given up', async () => {
    staleGrants = 1_000;
    const before = node.log().totals.answered;
    const run = await outcome('for ever');
    expect(run).toMatchObject({ status: 'failed', error: { type: 'NoCapableNode' } });
    expect(node.log().totals.answered).toBe(before);
    // 0, 0.2, 0.4, 0.8, 1.6 and 3.2 seconds apart: the sixth or seventh is after the end of the wait.
    expect(await countSteps(run, 'generateText')).toBeLessThanOrEqual(8);
  });
});

describe('a step whose outcome cannot be kept, because the store is away,', () => {
  beforeEach(() => {
    staleGrants = 0;
  });

  test('is done again, in growing pauses, until it can be kept: a call', async () => {
    storeFailures.generateText = 3;
    const run = await outcome('while the store is away');
    expect(run).toMatchObject({ status: 'completed', result: { parts: [{ node: 'n1', attempts: 1 }] } });
    expect(await countSteps(run, 'generateText')).toBe(4);
  });

  test('and a check, which uses up none of its ten tries', async () => {
    storeFailures.verifyProgram = 3;
    const run = await outcome('while the store is away again');
    expect(run.status).toBe('completed');
    expect([await countSteps(run, 'generateText'), await countSteps(run, 'verifyProgram')]).toEqual([1, 4]);
  });
});
