import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoreDependencies } from '../../activities/dependencies.ts';
import { explainReduction, reduceStep } from '../../activities/reduce-step.ts';
import { putJson } from '../../activities/stored-json.ts';
import type { ModelStep } from '../../domain/model-step.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { createEventWriter, type EventWriter } from '../../memory/event-writer.ts';
import type { Memory } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { aRequest, aScope } from '../support/candidates.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';
import { loadGood } from '../support/settings-folder.ts';

let folder: string;
let memory: Memory;
let events: EventWriter;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydra-reduce-'));
  memory = await openSqliteMemory({ folder });
  events = createEventWriter(memory.events);
  const models = ['big:14b', 'medium:7b', 'small:1b', 'light:1b'].map((name) => ({
    name,
    sizeBytes: 1e9,
    family: 'llama',
    parameterSize: (name.split(':')[1] ?? '').toUpperCase(),
  }));
  await memory.nodeSnapshots.write([aNodeSnapshot({ models })]);
});

afterEach(async () => {
  await events.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

function dependencies(environment: Record<string, string> = {}): StoreDependencies {
  const settings = loadGood({ environment: { HYDRA_WORKER_MODELS: 'big:14b, medium:7b, small:1b', ...environment } });
  return { memory, events, settings, promptsVersion: 'test' };
}

async function aStep(model: string, change: Partial<SynthesisRequest> = {}): Promise<ModelStep> {
  const requestHash = await putJson(memory.artifacts, aRequest(change));
  const scope = aScope({ requestHash });
  const { runId, partId } = scope;
  const sample = { index: 0, model, temperature: 0.2, seed: 1 };
  const task = { role: 'write', scope } as const;
  return { runId, requestHash, partId, task, sample, invalidAnswer: null, priority: 3, title: 'write' };
}

/** Every form of the step, from the first to the last that there is. */
async function formsOf(deps: StoreDependencies, step: ModelStep): Promise<readonly string[]> {
  const forms: string[] = [];
  for (let form = await reduceStep(deps, step); form !== null; form = await reduceStep(deps, form)) {
    forms.push(`${form.sample.model} ${form.reduced?.contextTokens}`);
  }
  return forms;
}

describe('a call that fits nowhere', () => {
  test('is halved in its context down to what prompt and answer need, then smaller workers are asked in turn', async () => {
    expect(await formsOf(dependencies(), await aStep('big:14b'))).toEqual([
      'big:14b 4096',
      'big:14b 3072',
      'medium:7b 8192',
      'medium:7b 4096',
      'medium:7b 3072',
      'small:1b 8192',
      'small:1b 4096',
      'small:1b 3072',
    ]);
  });

  test('keeps the context that a long answer needs', async () => {
    const forms = await formsOf(dependencies(), await aStep('small:1b', { maxTokens: 6_000 }));
    expect(forms).toEqual(['small:1b 7168']);
    expect(await formsOf(dependencies(), await aStep('small:1b', { maxTokens: 8_000 }))).toEqual([]);
  });

  test('goes only to the models that the settings allow', async () => {
    const deps = dependencies({ HYDRA_CONTEXT_TOKENS: '4096', HYDRA_FALLBACK_MODELS: 'light:1b, gone:1b' });
    expect(await formsOf(deps, await aStep('big:14b'))).toEqual(['big:14b 3072', 'light:1b 4096', 'light:1b 3072']);
    const none = dependencies({ HYDRA_CONTEXT_TOKENS: '4096', HYDRA_FALLBACK_MODELS: 'none' });
    expect(await formsOf(none, await aStep('big:14b'))).toEqual(['big:14b 3072']);
  });

  test('stays with the models of the request, and with those of its task', async () => {
    const asked = await formsOf(dependencies(), await aStep('big:14b', { models: ['big:14b', 'light:1b'] }));
    expect(asked.some((form) => form.startsWith('light:1b'))).toBe(true);
    expect(asked.some((form) => form.startsWith('medium'))).toBe(false);
    const tasks = dependencies({ HYDRA_TASK_MODELS: 'python=big:14b, small:1b' });
    expect((await formsOf(tasks, await aStep('big:14b'))).some((form) => form.startsWith('medium'))).toBe(false);
  });

  test('is explained by what it became, and not at all while it is as planned', async () => {
    const deps = dependencies();
    const step = await aStep('big:14b');
    expect(explainReduction(step, deps)).toBeUndefined();
    const shorter = { ...step, reduced: { plannedModel: 'big:14b', contextTokens: 4096 } };
    expect(explainReduction(shorter, deps)).toBe(
      'big:14b did not fit into the memory of any host; it was asked with a context of 4096 tokens instead of 8192.',
    );
  });
});
