import { describe, expect, test } from 'vitest';
import { selectCandidate } from '../../activities/decide/select-candidate.ts';
import { aCheck, aContender } from '../support/candidates.ts';

const WRONG = aCheck({ outcome: 'failed', passedCount: 0, evidence: 'fib(5) gave 4, expected 5' });

describe('selecting a candidate', () => {
  test('nothing comes out of nothing', () => {
    expect(selectCandidate([])).toBeNull();
  });

  test("a candidate that passes the user's examples is chosen over agreeing ones that fail them, and is verified", () => {
    const selection = selectCandidate([
      aContender(0, { values: ['0', '1'], checks: [WRONG] }),
      aContender(1, { values: ['0', '1'], checks: [WRONG] }),
      aContender(2, { values: ['1', '1'], checks: [aCheck()] }),
    ]);
    expect(selection?.chosen.candidate.sample?.index).toBe(2);
    expect(selection?.state).toBe('verified');
  });

  test('without trusted checks the outputs that most candidates give win, and the result is consistent', () => {
    const selection = selectCandidate([
      aContender(0, { values: ['9', '1', '2'] }),
      aContender(1, { values: ['0', '1', '2'] }),
      aContender(2, { values: ['0', '1', '2'] }),
    ]);
    expect(selection?.chosen.candidate.sample?.index).toBe(1);
    expect(selection?.state).toBe('consistent');
    expect(selection?.checks.find((check) => check.kind === 'agreement')).toMatchObject({
      passedCount: 2,
      totalCount: 3,
    });
  });

  test('a single candidate without trusted checks is unverified: nobody agreed with it', () => {
    expect(selectCandidate([aContender(0, { values: ['0', '1'] })])?.state).toBe('unverified');
  });

  test('candidates that fail alike do not agree', () => {
    const failing = (index: number) => {
      const contender = aContender(index, {});
      const probes = [{ call: 'fib(1)', ended: 'raised' as const, canonical: 'TypeError' }];
      return { ...contender, verdict: { ...contender.verdict, probes } };
    };
    expect(selectCandidate([failing(0), failing(1)])?.state).toBe('unverified');
  });

  test('when every candidate is rejected the best one is a partial result that says what fails', () => {
    const selection = selectCandidate([aContender(0, { checks: [WRONG] })]);
    expect(selection?.state).toBe('partial');
    expect(selection?.explanations.join(' ')).toContain('fib(5) gave 4, expected 5');
  });

  test('of equal candidates the shorter program is chosen', () => {
    const selection = selectCandidate([
      aContender(0, { values: ['1'], sizeCharacters: 900 }),
      aContender(1, { values: ['1'], sizeCharacters: 100 }),
    ]);
    expect(selection?.chosen.candidate.sample?.index).toBe(1);
    expect(selection?.alternatives.map((other) => other.candidate.sample?.index)).toEqual([0]);
  });

  test('a check that a model wrote never makes a result verified', () => {
    const byModel = aCheck({ kind: 'model_tests', author: 'model', trusted: false });
    expect(selectCandidate([aContender(0, { checks: [byModel] })])?.state).toBe('unverified');
  });
});
