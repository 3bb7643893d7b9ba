import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireNode } from '../../activities/acquire-node.ts';
import type { FleetDependencies } from '../../activities/dependencies.ts';
import { stepKeyOf } from '../../activities/step-key-of.ts';
import { putJson } from '../../activities/stored-json.ts';
import { loadSettings } from '../../config/load-settings.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { Lease } from '../../domain/lease.ts';
import type { ModelStep } from '../../domain/model-step.ts';
import type { NodeSnapshot } from '../../domain/node.ts';
import type { Scheduler } from '../../fleet/scheduler-port.ts';
import { createEventWriter, type EventWriter } from '../../memory/event-writer.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { aRequest, aScope } from '../support/candidates.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const PROMPTS_VERSION = 'test';
const PREDICTION = { loadSeconds: null, promptSeconds: 1, completionTokensPerSecond: 10, samples: 0 };
const LEASE: Lease = {
  leaseId: 'l',
  nodeId: 'n1' as NodeId,
  taskQueue: 'node:n1',
  why: '',
  expectedSeconds: 1,
  prediction: PREDICTION,
};

let folder: string;
let memory: Memory;
let events: EventWriter;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-activity-'));
  memory = await openSqliteMemory({ folder });
  events = createEventWriter(memory.events);
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

async function aStep(): Promise<ModelStep> {
  const requestHash = await putJson(memory.artifacts, aRequest());
  const scope = aScope({ requestHash });
  const { runId, partId } = scope;
  const sample = { index: 0, model: 'big:7b', temperature: 0, seed: 1 };
  const task = { role: 'write', scope } as const;
  return { runId, requestHash, partId, task, sample, invalidAnswer: null, priority: 3, title: 'write' };
}

function aNode(state: NodeSnapshot['state']): NodeSnapshot {
  const model = { name: 'big:7b', sizeBytes: 1, family: '', parameterSize: '7B' };
  return aNodeSnapshot({ state, version: null, busySlots: 1, models: [model] });
}

test('a call that waits says for what under the key of its step, and again when the reason changes', async () => {
  const loaded = loadSettings({ environment: { HYDRA_HOME: folder }, folder });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  let nodes: readonly NodeSnapshot[] = [];
  let grant: (lease: Lease) => void = () => {};
  const acquire = () => new Promise<Lease>((resolve) => (grant = resolve));
  const deps = {
    memory,
    events,
    settings: loaded.settings,
    promptsVersion: PROMPTS_VERSION,
    scheduler: { acquire } as unknown as Scheduler,
    nodes: () => nodes,
  } as unknown as FleetDependencies;
  const step = await aStep();
  const readReasons = async () =>
    (await memory.events.readWithoutText(step.runId)).map(({ body }) => 'reason' in body && body.reason);

  const granted = new MockActivityEnvironment().run(() => acquireNode(deps, { step, avoid: [] }));
  await expect.poll(readReasons, { timeout: 20_000 }).toEqual([expect.stringContaining('no host is in use')]);
  nodes = [aNode('up')];
  await expect.poll(readReasons, { timeout: 20_000 }).toEqual([expect.any(String), 'n1 is busy with other calls']);
  grant(LEASE);
  await expect(granted).resolves.toEqual({ kind: 'granted', lease: LEASE });
  const [first] = await memory.events.readWithoutText(step.runId);
  expect(first).toMatchObject({ stepKey: stepKeyOf(step, PROMPTS_VERSION), attempt: 0, partId: step.partId });
});
