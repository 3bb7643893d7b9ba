import { describe, expect, test } from 'vitest';
import { decideNext } from '../../activities/decide/decide-next.ts';
import type { Situation } from '../../activities/decide/situation.ts';
import type { NodeModel } from '../../domain/node.ts';
import { aCheck, aClassification, aContender, aRequest, aScope, LIMITS } from '../support/candidates.ts';
import { aModelSpeed, aNodeSnapshot } from '../support/node-snapshots.ts';

const model = (name: string, parameterSize: string): NodeModel => ({
  name,
  sizeBytes: 1e9,
  family: 'qwen2',
  parameterSize,
});
const NODE = aNodeSnapshot({ models: [model('small', '1.5B'), model('medium', '7B'), model('large', '14B')] });
const WRONG = aCheck({ outcome: 'failed', passedCount: 0, evidence: 'fib(5) gave 4, expected 5' });
const DOES_NOT_PARSE = aCheck({
  kind: 'parse',
  author: 'hydra',
  outcome: 'failed',
  passedCount: 0,
  evidence: 'main.py:1: x',
});

function situation(change: Partial<Situation> = {}): Situation {
  return {
    scope: aScope(),
    request: aRequest(),
    models: { light: 'small', heavy: 'large', workers: ['medium'], nodes: [NODE], tasks: {}, missing: [] },
    contenders: [],
    lost: [],
    spent: { modelCalls: 0, tokens: 0 },
    secondsUsed: 0,
    callsProposed: true,
    mustSettle: false,
    defaultTemperature: 0.7,
    ...change,
  };
}

describe('deciding what to do next for one program', () => {
  test('the first wave is two samples, the first of them nearly greedy', () => {
    const decision = decideNext(situation());
    expect(decision).toMatchObject({
      kind: 'sample',
      samples: [
        { index: 0, model: 'medium', temperature: 0.2 },
        { index: 1, temperature: 0.7 },
      ],
    });
  });

  test('a request that names a temperature gets it for every sample', () => {
    const decision = decideNext(situation({ request: aRequest({ temperature: 0.5 }) }));
    expect(decision).toMatchObject({ samples: [{ temperature: 0.5 }, { temperature: 0.5 }] });
  });

  test('two accepted candidates that agree on every probe end the sampling', () => {
    const contenders = [0, 1].map((index) =>
      aContender(index, { model: 'medium', values: ['1', '2'], checks: [aCheck()] }),
    );
    expect(decideNext(situation({ contenders }))).toMatchObject({ kind: 'settle', selection: { state: 'verified' } });
  });

  test('candidates that disagree are followed by another wave', () => {
    const contenders = [
      aContender(0, { model: 'medium', values: ['1'] }),
      aContender(1, { model: 'medium', values: ['2'] }),
    ];
    expect(decideNext(situation({ contenders }))).toMatchObject({
      kind: 'sample',
      samples: [{ index: 2 }, { index: 3 }],
    });
  });

  test('a request for one candidate gets one', () => {
    const request = aRequest({ candidates: 1 });
    expect(decideNext(situation({ request }))).toMatchObject({ kind: 'sample', samples: [{ index: 0 }] });
    const contenders = [aContender(0, { model: 'medium', checks: [aCheck()] })];
    expect(decideNext(situation({ request, contenders }))).toMatchObject({ kind: 'settle' });
  });

  test('a rejected candidate is repaired with the evidence of the trusted check, twice and no more', () => {
    const contenders = [0, 1, 2, 3].map((index) => aContender(index, { model: 'medium', checks: [WRONG] }));
    const first = decideNext(situation({ contenders }));
    expect(first).toMatchObject({
      kind: 'repair',
      sample: { index: 4 },
      evidence: 'examples: fib(5) gave 4, expected 5',
    });
    const repaired = [4, 5].map((index) => aContender(index, { model: 'medium', origin: 'repair', checks: [WRONG] }));
    expect(decideNext(situation({ contenders: [...contenders, ...repaired] })).kind).toBe('sample');
  });

  test('a model of up to three billion parameters repairs what does not parse, and no wrong results', () => {
    const models = { light: 'small', heavy: 'small', workers: ['small'], nodes: [NODE], tasks: {}, missing: [] };
    const eight = (check: typeof WRONG) =>
      Array.from({ length: 8 }, (_, index) => aContender(index, { checks: [check] }));
    expect(decideNext(situation({ models, contenders: eight(DOES_NOT_PARSE) })).kind).toBe('repair');
    expect(decideNext(situation({ models, contenders: eight(WRONG) }))).toMatchObject({
      kind: 'sample',
      samples: [{ index: 8 }],
    });
  });

  test('after repair and a fresh sample the next larger model has its turn, and then it settles with a partial result', () => {
    const tries = [0, 1, 2, 3, 6].map((index) => aContender(index, { model: 'medium', checks: [WRONG] }));
    const repairs = [4, 5].map((index) => aContender(index, { model: 'medium', origin: 'repair', checks: [WRONG] }));
    const escalated = decideNext(situation({ contenders: [...tries, ...repairs] }));
    expect(escalated).toMatchObject({
      kind: 'sample',
      samples: [
        { model: 'large', index: 7 },
        { model: 'large', index: 8 },
      ],
    });
    const large = [7, 8].map((index) => aContender(index, { model: 'large', checks: [WRONG] }));
    expect(decideNext(situation({ contenders: [...tries, ...repairs, ...large] }))).toMatchObject({
      kind: 'settle',
      selection: { state: 'partial' },
    });
  });

  test('models that the user did not name are never turned to', () => {
    const request = aRequest({ models: ['medium'] });
    const tries = [0, 1, 2, 3, 6].map((index) => aContender(index, { model: 'medium', checks: [WRONG] }));
    const repairs = [4, 5].map((index) => aContender(index, { model: 'medium', origin: 'repair', checks: [WRONG] }));
    expect(decideNext(situation({ request, contenders: [...tries, ...repairs] })).kind).toBe('settle');
  });

  test('answers without a program count as samples', () => {
    const lost = [0, 1, 2, 3, 4].map((index) => ({ index, model: 'medium', temperature: 0.7, seed: 1 }));
    expect(decideNext(situation({ lost }))).toMatchObject({
      kind: 'sample',
      samples: [{ model: 'large', index: 5 }, { index: 6 }],
    });
  });

  test('the limit of model calls ends the work with what is there, and the result says so', () => {
    const decision = decideNext(
      situation({
        contenders: [aContender(0, { checks: [WRONG] })],
        spent: { modelCalls: LIMITS.modelCalls, tokens: 0 },
      }),
    );
    expect(decision).toMatchObject({
      kind: 'settle',
      selection: { state: 'partial' },
      limit: 'the limit of 40 model calls',
    });
  });

  test('a limit that is reached with candidates that agree is no reason for anything', () => {
    const contenders = [0, 1].map((index) => aContender(index, { values: ['1', '2'], checks: [aCheck()] }));
    const spent = { modelCalls: LIMITS.modelCalls, tokens: 0 };
    expect(decideNext(situation({ contenders, spent }))).toMatchObject({ kind: 'settle', limit: null });
  });

  test('the limit that is named is the one of the request, also when other work came before', () => {
    const scope = aScope({ limits: { ...LIMITS, modelCalls: 38 } });
    const decision = decideNext(situation({ scope, spent: { modelCalls: 38, tokens: 0 } }));
    expect(decision).toMatchObject({ kind: 'settle', reason: 'the limit of 40 model calls' });
  });

  test('turning to a larger model keeps within the calls that are left', () => {
    const lost = [0, 1, 2, 3, 4].map((index) => ({ index, model: 'medium', temperature: 0.7, seed: 1 }));
    const spent = { modelCalls: LIMITS.modelCalls - 1, tokens: 0 };
    const decision = decideNext(situation({ lost, spent }));
    expect(decision.kind === 'sample' && decision.samples.map((sample) => sample.model)).toEqual(['large']);
  });

  test('turning to a larger model keeps within the time that is left', () => {
    const lost = [0, 1, 2, 3, 4].map((index) => ({ index, model: 'medium', temperature: 0.7, seed: 1 }));
    const slow = { ...NODE, speeds: [aModelSpeed('large', 5)] };
    const models = { light: 'small', heavy: 'large', workers: ['medium'], nodes: [slow], tasks: {}, missing: [] };
    const countAt = (secondsUsed: number): number => {
      const decision = decideNext(situation({ lost, models, secondsUsed }));
      return decision.kind === 'sample' ? decision.samples.length : 0;
    };
    // A quarter of ten minutes at 5 tokens a second is one answer of 500 tokens and a half; of half an hour it is four.
    expect(countAt(0)).toBe(1);
    expect(countAt(-1_200)).toBe(2);
  });

  test('no call is spent on a question for calls while the last ones are needed for candidates', () => {
    const kindWith = (modelCalls: number): string => {
      const classification = aClassification({ examples: [] });
      const scope = aScope({ classification, limits: { ...LIMITS, modelCalls } });
      return decideNext(situation({ scope, callsProposed: false })).kind;
    };
    // The question and its correction, and two candidates.
    expect([2, 3, 4].map(kindWith)).toEqual(['sample', 'sample', 'propose_calls']);
  });

  test('what is decided says what is being done, in numbers of candidates and rounds', () => {
    const doing = (change: Partial<Situation>): string => {
      const decision = decideNext(situation(change));
      return decision.kind === 'settle' ? '' : decision.doing;
    };
    const wrong = [0, 1, 2, 3].map((index) => aContender(index, { model: 'medium', checks: [WRONG] }));
    const repaired = aContender(4, { model: 'medium', origin: 'repair', checks: [WRONG] });
    expect(doing({ contenders: wrong.slice(0, 2) })).toBe('writing and checking candidates 3 and 4 of 4');
    expect(doing({ contenders: wrong })).toMatch(/^repairing candidate \d, round 1$/);
    expect(doing({ contenders: [...wrong, repaired] })).toMatch(/^repairing candidate \d, round 2$/);
  });

  test("a slow node gets fewer samples than the model's size asks for", () => {
    const slow = { ...NODE, speeds: [aModelSpeed('medium', 3)] };
    const models = { light: 'small', heavy: 'large', workers: ['medium'], nodes: [slow], tasks: {}, missing: [] };
    // A quarter of 600 s at 3 tokens a second holds no answer of 500 tokens: one sample is the least there is.
    expect(decideNext(situation({ models }))).toMatchObject({ kind: 'sample', samples: [{ index: 0 }] });
  });

  test('a request without any example first has a model propose calls, and only once', () => {
    const scope = aScope({ classification: aClassification({ examples: [] }) });
    expect(decideNext(situation({ scope, callsProposed: false })).kind).toBe('propose_calls');
    expect(decideNext(situation({ scope, callsProposed: true })).kind).toBe('sample');
  });
});
