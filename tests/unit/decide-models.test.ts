import { describe, expect, test } from 'vitest';
import { chooseModels, type ChosenModels } from '../../activities/choose-models.ts';
import { decideNext } from '../../activities/decide/decide-next.ts';
import type { Situation } from '../../activities/decide/situation.ts';
import type { ModelRoles, Settings } from '../../config/settings.ts';
import type { ContentHash, PartId } from '../../domain/ids.ts';
import type { NodeModel, NodeSnapshot } from '../../domain/node.ts';
import type { PartKind } from '../../domain/plan.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { aCheck, aClassification, aContender, aRequest, aScope } from '../support/candidates.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const NAMES = ['light:1b', 'heavy:14b', 'worker:7b', 'python:7b', 'class:7b', 'repair:8b', 'tests:2b'];
const ROLES: ModelRoles = {
  light: 'light:1b',
  heavy: 'heavy:14b',
  workers: ['worker:7b'],
  default: 'worker:7b',
  tasks: {},
};
const EACH_TASK: ModelRoles = {
  ...ROLES,
  tasks: { python: ['python:7b'], class: ['class:7b'], repair: ['repair:8b'], tests: ['tests:2b'] },
};
const WRONG = aCheck({ outcome: 'failed', passedCount: 0, evidence: 'fib(5) gave 4, expected 5' });

const model = (name: string): NodeModel => ({
  name,
  sizeBytes: 1e9,
  family: 'qwen2',
  parameterSize: /(\d+)b$/.exec(name)?.[0].toUpperCase() ?? '',
});

function host(names: readonly string[]): NodeSnapshot {
  return aNodeSnapshot({ models: names.map(model) });
}

function choose(roles: ModelRoles, names = NAMES, request: SynthesisRequest = aRequest()): Promise<ChosenModels> {
  const snapshots = { read: async () => [host(names)], write: async () => {} };
  return chooseModels(request, { models: roles } as Settings, snapshots);
}

function situation(models: ChosenModels, change: Partial<Situation> = {}): Situation {
  return {
    scope: aScope(),
    request: aRequest(),
    models,
    contenders: [],
    lost: [],
    spent: { modelCalls: 0, tokens: 0 },
    secondsUsed: 0,
    callsProposed: false,
    mustSettle: false,
    defaultTemperature: 0.7,
    ...change,
  };
}

const written = (language: 'python' | 'javascript') => aScope({ classification: aClassification({ language }) });

function partOf(kind: PartKind) {
  const part = {
    id: 'p' as PartId,
    title: 'p',
    kind,
    file: 'p.py',
    provides: [],
    uses: [],
    requirements: [],
    examples: [{ call: 'p()', expected: '1', source: 'plan' as const }],
  };
  return aScope({ planned: { planHash: 'plan' as ContentHash, part, dependencies: [] } });
}

describe('models by task', () => {
  test.each([
    ['a Python function', written('python'), 'python:7b'],
    ['a JavaScript function, for which nothing is named', written('javascript'), 'worker:7b'],
    ['a Python class: the kind goes before the language', partOf('class'), 'class:7b'],
    ['a Python function of a plan', partOf('function'), 'python:7b'],
  ])('write %s', async (_case, scope, writer) => {
    expect(decideNext(situation(await choose(EACH_TASK), { scope }))).toMatchObject({
      kind: 'sample',
      samples: [{ model: writer }, { model: writer }],
    });
  });

  test('repair, and leave the next try at writing to the larger model', async () => {
    const models = await choose({ ...EACH_TASK, tasks: { repair: ['heavy:14b'] } });
    const made = [0, 1, 2, 3].map((index) => aContender(index, { model: 'worker:7b', checks: [WRONG] }));
    expect(decideNext(situation(models, { contenders: made }))).toMatchObject({
      kind: 'repair',
      sample: { model: 'heavy:14b' },
    });
    const repairs = [4, 5].map((index) => aContender(index, { model: 'heavy:14b', origin: 'repair', checks: [WRONG] }));
    const fresh = aContender(6, { model: 'worker:7b', checks: [WRONG] });
    expect(decideNext(situation(models, { contenders: [...made, ...repairs, fresh] }))).toMatchObject({
      kind: 'sample',
      samples: [{ model: 'heavy:14b' }, { model: 'heavy:14b' }],
    });
  });

  test('propose calls instead of the light model', async () => {
    const scope = aScope({ classification: aClassification({ examples: [] }) });
    const ask = async (roles: ModelRoles) => decideNext(situation(await choose(roles), { scope }));
    expect(await ask(EACH_TASK)).toMatchObject({ kind: 'propose_calls', sample: { model: 'tests:2b' } });
    expect(await ask(ROLES)).toMatchObject({ kind: 'propose_calls', sample: { model: 'light:1b' } });
  });

  test('give way to the models that the request names, except for proposing calls', async () => {
    const request = aRequest({ models: ['heavy:14b'] });
    const models = await choose(EACH_TASK, NAMES, request);
    expect(models).toMatchObject({ workers: ['heavy:14b'], tasks: { tests: ['tests:2b'] } });
    expect(Object.keys(models.tasks)).toEqual(['tests']);
  });

  test('of which no host has any leave the task to the worker models', async () => {
    const models = await choose({ ...ROLES, tasks: { python: ['absent:7b'] } });
    expect(decideNext(situation(models))).toMatchObject({ samples: [{ model: 'worker:7b' }, {}] });
  });
});

describe('the note about models that stood in', () => {
  const passed = aContender(0, { model: 'worker:7b', checks: [aCheck()] });

  /** The notes of the result beside that of the selection. */
  async function notes(roles: ModelRoles, change: Partial<Situation> = {}, names = NAMES): Promise<readonly string[]> {
    const models = await choose(roles, names, change.request);
    const decision = decideNext(situation(models, { contenders: [passed], mustSettle: true, ...change }));
    return decision.kind === 'settle' ? (decision.selection?.explanations.slice(1) ?? []) : [];
  }

  const absent: ModelRoles = {
    light: 'l',
    heavy: 'h',
    workers: [],
    default: 'd',
    tasks: { repair: ['r'], rust: ['x'] },
  };

  test('is absent when every model is there', async () => {
    expect(await notes(EACH_TASK)).toEqual([]);
  });

  test('names the writer alone when nothing else was asked', async () => {
    expect(await notes(absent)).toEqual(['No host has the worker model d; worker:7b stood in.']);
  });

  test('is one sentence about all roles that were played', async () => {
    const scope = aScope({ classification: aClassification({ decidedBy: 'model' }) });
    const repaired = aContender(1, { model: 'worker:7b', origin: 'repair' });
    const merged = aContender(2, { origin: 'merge' });
    expect(await notes(absent, { scope, contenders: [passed, repaired, merged] }, ['worker:7b'])).toEqual([
      'No host has the light model l, the heavy model h, the worker model d or the repair model r; worker:7b stood in.',
    ]);
  });

  test('names the light model when it proposed calls, and each that stood in', async () => {
    expect(await notes(absent, { callsProposed: true }, ['worker:7b', 'small:1b'])).toEqual([
      'No host has the light model l or the worker model d; worker:7b and small:1b stood in.',
    ]);
  });

  test('names the model of the task, not the worker model that took it over', async () => {
    expect(await notes({ ...ROLES, tasks: { python: ['absent:7b'] } })).toEqual([
      'No host has the python model absent:7b; worker:7b stood in.',
    ]);
  });

  test('is absent when another of the worker models wrote', async () => {
    expect(await notes({ ...ROLES, workers: ['absent:9b', 'worker:7b'] })).toEqual([]);
  });

  test('is absent when the request names its models', async () => {
    const request = aRequest({ models: ['worker:7b'] });
    expect(await notes(absent, { request, callsProposed: true })).toEqual([]);
  });
});
