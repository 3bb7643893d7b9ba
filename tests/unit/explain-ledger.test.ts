import { describe, expect, test } from 'vitest';
import { explainLedger, openLedger, type LostSample } from '../../workflows/ledger.ts';
import { aContender } from '../support/candidates.ts';

const lost = (index: number, cause: LostSample['cause'], problem = 'why'): LostSample => ({
  sample: { index, model: 'small', temperature: 0.2, seed: index + 1 },
  cause,
  problem,
});
const merged = aContender(9, { origin: 'merge' }).judged;

describe('what a result says about how its program was made', () => {
  test('nothing when every answer held a program', () => {
    expect(explainLedger({ ...openLedger(), judged: [aContender(0).judged] }, 'python')).toEqual([]);
  });

  test('how many answers held none, and why; a merge is no answer', () => {
    const mergedCandidate = { ...merged, candidate: { ...merged.candidate, sample: null } };
    const judged = [0, 1, 2].map((index) => aContender(index).judged);
    const ledger = {
      ...openLedger(),
      judged: [...judged, mergedCandidate],
      lost: [lost(3, 'cut_off'), lost(4, 'no_program')],
    };
    expect(explainLedger(ledger, 'python')).toEqual([
      '2 of 5 answers held no program: cut off (1), no python code (1).',
    ]);
  });

  test('why a call could not be made, each reason once', () => {
    const ledger = {
      ...openLedger(),
      lost: [0, 1].map((index) => lost(index, 'no_answer', 'The prompt is too long.')),
    };
    expect(explainLedger(ledger, 'python')).toEqual(['A candidate could not be asked for: The prompt is too long.']);
  });
});
