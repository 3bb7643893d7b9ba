import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FleetDependencies } from '../../activities/dependencies.ts';
import type { GenerateTextInput } from '../../activities/generate-text.ts';
import { createNodeActivities } from '../../activities/registry.ts';
import { putJson } from '../../activities/stored-json.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { ContentHash, NodeId } from '../../domain/ids.ts';
import type { Lease } from '../../domain/lease.ts';
import type { ModelAnswer, ModelStep } from '../../domain/model-step.ts';
import type { CallReport, Scheduler } from '../../fleet/scheduler-port.ts';
import { createEventWriter, type EventWriter } from '../../memory/event-writer.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import type { GeneratedText, GenerateTextRequest, LanguageModel } from '../../models/language-model.ts';
import { aRequest, aScope } from '../support/candidates.ts';

const NODE = { id: 'n1' as NodeId, url: 'http://n1', slots: 1 };
const LEASE: Lease = {
  leaseId: 'lease-1',
  nodeId: NODE.id,
  taskQueue: 'node:n1',
  why: 'only one',
  expectedSeconds: 1,
  prediction: { loadSeconds: null, promptSeconds: 1, completionTokensPerSecond: 10, samples: 0 },
};
const ANSWER = '```python\ndef fib(n):\n    return n\n```';

let folder: string;
let memory: Memory;
let events: EventWriter;
let reports: CallReport[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-activity-'));
  memory = await openSqliteMemory({ folder });
  events = createEventWriter(memory.events);
  reports = [];
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

function generated(text: string): GeneratedText {
  return { text, thinking: '', promptTokens: 10, completionTokens: 5, loadMs: 0, promptMs: 1, decodeMs: 1, totalMs: 2 };
}

/** A model that answers as told; nothing else of the port is asked by this activity. */
function aModel(generateText: LanguageModel['generateText']): LanguageModel {
  const unasked = (): never => {
    throw new Error('not asked here');
  };
  return { generateText, getVersion: unasked, listModels: unasked, listResidentModels: unasked, showModel: unasked };
}

function dependencies(languageModel: LanguageModel, isLeased = true): FleetDependencies {
  const loaded = loadSettings({ environment: { HYDRA_HOME: folder }, folder });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const scheduler = { claim: () => isLeased, release: (_: string, report: CallReport) => void reports.push(report) };
  return {
    memory,
    events,
    settings: loaded.settings,
    promptsVersion: 'test',
    languageModel,
    scheduler: scheduler as unknown as Scheduler,
    preloader: { preload: async () => {} },
    nodes: () => [],
    nodeAddress: (id) => (id === NODE.id ? NODE : undefined),
  };
}

async function aStep(): Promise<ModelStep> {
  const requestHash = await putJson(memory.artifacts, aRequest());
  const scope = aScope({ requestHash });
  const sample = { index: 0, model: 'small', temperature: 0.2, seed: 1 };
  const { runId, partId } = scope;
  return {
    runId,
    requestHash,
    partId,
    task: { role: 'write', scope },
    sample,
    invalidAnswer: null,
    priority: 3,
    title: 'write',
  };
}

async function run(languageModel: LanguageModel, change: Partial<GenerateTextInput> = {}, isLeased = true) {
  const { generateText } = createNodeActivities(dependencies(languageModel, isLeased));
  const input = { step: await aStep(), lease: LEASE, tries: 0, hops: 0, partialHash: null, ...change };
  return {
    environment: new MockActivityEnvironment(),
    start: (env: MockActivityEnvironment) =>
      env.run<[GenerateTextInput], ModelAnswer, typeof generateText>(generateText, input),
  };
}

describe('calling a model', () => {
  test('accepts the first answer of a step: an execution that comes later returns it', async () => {
    const first = await run(aModel(async () => generated(ANSWER)));
    const accepted = await first.start(first.environment);
    const second = await run(aModel(async () => generated('```python\ndef other():\n    pass\n```')));
    expect(await second.start(second.environment)).toEqual(accepted);
    expect(accepted.reading.kind).toBe('program');
  });

  test('its text has a new attempt after a worker that died, and the step has the same key with other limits', async () => {
    const model = aModel(async (_, { onText }) => {
      onText('def');
      return generated(ANSWER);
    });
    const first = await run(model);
    const accepted = await first.start(first.environment);
    const step = await aStep();
    const limits = { ...aScope().limits, modelCalls: 1 };
    const task = { role: 'write', scope: aScope({ requestHash: step.requestHash, limits, priority: 1 }) } as const;
    const second = await run(model, { step: { ...step, task }, tries: 1 });
    expect((await second.start(second.environment)).stepKey).toBe(accepted.stepKey);
    await events.flush();
    const texts = (await memory.events.read(step.runId, 0, 100)).filter(({ body }) => body.type === 'text.delta');
    expect(texts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test('an answer that was cut is read as invalid, and the host is not blamed', async () => {
    const cut = new SynthesisFailure('AnswerTruncated', 'The answer did not end within 5 tokens.', {
      partialText: '```python\ndef',
    });
    const { environment, start } = await run(aModel(() => Promise.reject(cut)));
    expect((await start(environment)).reading).toMatchObject({
      kind: 'invalid',
      problem: expect.stringContaining('did not end'),
    });
    expect(reports).toEqual([{ ended: 'neutral' }]);
  });

  test('is not begun when its lease is gone, and no host is blamed', async () => {
    let isCalled = false;
    const model = aModel(async () => {
      isCalled = true;
      return generated(ANSWER);
    });
    const { environment, start } = await run(model, {}, false);
    await expect(start(environment)).rejects.toMatchObject({ type: 'LeaseLost', nonRetryable: true });
    expect({ isCalled, reports }).toEqual({ isCalled: false, reports: [] });
  });

  test('a host that fails is reported, and its partial text travels by hash and not by value', async () => {
    const down = new SynthesisFailure('NodeUnavailable', 'connection reset', { nodeId: 'n1', partialText: 'def fi' });
    const { environment, start } = await run(aModel(() => Promise.reject(down)));
    const failure = await start(environment).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    const details = (failure as ApplicationFailure).details?.[0] as { partialHash: ContentHash };
    expect(await memory.artifacts.getText(details.partialHash)).toBe('def fi');
    expect(JSON.stringify(details)).not.toContain('def fi');
    expect(reports).toMatchObject([{ ended: 'unavailable' }]);
  });

  test('text of a failed host is handed to the next one to be continued', async () => {
    const partialHash = await memory.artifacts.putText('```python\ndef fib');
    let resumed: string | undefined;
    const model = aModel(async (request) => {
      resumed = request.resumeText;
      return generated(ANSWER);
    });
    const { environment, start } = await run(model, { partialHash, tries: 1, hops: 1 });
    const { stepKey } = await start(environment);
    expect(resumed).toBe('```python\ndef fib');
    await events.flush();
    const texts = (await memory.events.read(aScope().runId, 0, 100)).filter(({ body }) => body.type === 'text.delta');
    expect(texts).toMatchObject([{ stepKey, attempt: 2, body: { text: '```python\ndef fib' } }]);
  });

  test('heartbeats while the host is silent, and closes the call when the activity is cancelled', async () => {
    let aborted = false;
    const model = aModel(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason as Error);
          });
        }),
    );
    const { environment, start } = await run(model);
    const running = start(environment);
    await new Promise<void>((resolve) => environment.on('heartbeat', () => resolve()));
    environment.cancel('CANCELLED');
    await expect(running).rejects.toThrow();
    expect(aborted).toBe(true);
    expect(reports).toEqual([{ ended: 'neutral' }]);
  });

  test.each([
    ['NodeUnavailable', { kind: 'connect' }, { ended: 'unavailable' }],
    ['NodeUnavailable', { kind: 'silent' }, { ended: 'unavailable' }],
    ['NodeUnavailable', { kind: 'idle' }, { ended: 'unavailable' }],
    ['NodeUnavailable', { kind: 'first_token' }, { ended: 'model_unavailable' }],
    ['NodeUnavailable', { kind: 'model_failed' }, { ended: 'model_unavailable' }],
    ['NodeBusy', { status: 503 }, { ended: 'busy' }],
    ['OutOfMemory', { status: 500 }, { ended: 'out_of_memory', contextTokens: 8192 }],
    ['ModelMissing', { status: 404 }, { ended: 'model_missing' }],
    ['RequestRejected', { status: 400 }, { ended: 'neutral' }],
  ] as const)('that fails with %s %j blames whom it should: %j', async (type, details, report) => {
    const failure = new SynthesisFailure(type, 'it failed', details);
    const { environment, start } = await run(aModel(() => Promise.reject(failure)));
    await expect(start(environment)).rejects.toMatchObject({ type, nonRetryable: true });
    expect(reports).toMatchObject([report]);
  });

  test('has deadlines from what was learned, and those of the settings before', async () => {
    const asked: GenerateTextRequest[] = [];
    const model = aModel(async (request) => {
      asked.push(request);
      return generated(ANSWER);
    });
    const prediction = { loadSeconds: 20, promptSeconds: 4, completionTokensPerSecond: 40, samples: 9 };
    const learned = await run(model, { lease: { ...LEASE, prediction } });
    await learned.start(learned.environment);
    const fresh = await run(model);
    await fresh.start(fresh.environment);
    expect(asked.map(({ deadlines }) => [deadlines.firstTokenMs, deadlines.idleMs])).toEqual([
      [72_000, 3_000],
      [300_000, 60_000],
    ]);
  });

  test('of a reduced step asks for its context, and the answer says what it was', async () => {
    let contextTokens = 0;
    const model = aModel(async (request) => {
      contextTokens = request.contextTokens;
      return generated(ANSWER);
    });
    const step = { ...(await aStep()), reduced: { plannedModel: 'large', contextTokens: 4096 } };
    const { environment, start } = await run(model, { step });
    const { usage } = await start(environment);
    expect(contextTokens).toBe(4096);
    expect(usage.remark).toBe(
      'large did not fit into the memory of any host; small answered in its place with a context of 4096 tokens instead of 8192.',
    );
  });
});
