import { expect, test } from 'vitest';
import {
  afterFailedPing,
  afterFailure,
  afterPing,
  afterSuccess,
  beginTrial,
  CLOSED_BREAKER,
  isTrialDue,
  type Breaker,
} from '../../../memory/entries/breaker.ts';

const NOW_MS = 1_000_000;

function failThrice(breaker: Breaker, nowMs = NOW_MS): Breaker {
  return afterFailure(afterFailure(afterFailure(breaker, nowMs), nowMs), nowMs);
}

test('the third failure in a row opens it for a second', () => {
  const twice = afterFailure(afterFailure(CLOSED_BREAKER, NOW_MS), NOW_MS);
  expect(twice.state).toBe('closed');
  const open = afterFailure(twice, NOW_MS);
  expect(open.state).toBe('open');
  expect(isTrialDue(open, NOW_MS + 999)).toBe(false);
  expect(isTrialDue(open, NOW_MS + 1_000)).toBe(true);
});

test('a success between failures begins the count anew', () => {
  const twice = afterFailure(afterFailure(CLOSED_BREAKER, NOW_MS), NOW_MS);
  expect(afterFailure(afterFailure(afterSuccess(twice), NOW_MS), NOW_MS).state).toBe('closed');
});

test('each ping that fails doubles the rest, up to half a minute', () => {
  let breaker = failThrice(CLOSED_BREAKER);
  const restsMs: number[] = [];
  for (let trial = 0; trial < 8; trial += 1) {
    if (breaker.state !== 'open') throw new Error('It must be open.');
    restsMs.push(breaker.untilMs - NOW_MS);
    breaker = afterFailedPing(beginTrial(breaker), NOW_MS);
  }
  expect(restsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('a ping closes it, and only a call that succeeds makes the next rest short again', () => {
  const closed = afterPing(beginTrial(afterFailedPing(beginTrial(failThrice(CLOSED_BREAKER)), NOW_MS)));
  expect(closed.state).toBe('closed');
  expect(failThrice(closed)).toMatchObject({ state: 'open', untilMs: NOW_MS + 4_000 });
  expect(failThrice(afterSuccess(closed))).toMatchObject({ state: 'open', untilMs: NOW_MS + 1_000 });
});

test('calls that began before it opened change nothing', () => {
  const open = failThrice(CLOSED_BREAKER);
  expect(afterFailure(open, NOW_MS + 500)).toBe(open);
  expect(afterSuccess(open)).toBe(open);
  const trial = beginTrial(open);
  expect(afterFailure(trial, NOW_MS)).toBe(trial);
  expect(afterSuccess(trial)).toBe(trial);
  expect(isTrialDue(trial, NOW_MS * 2)).toBe(false);
});
