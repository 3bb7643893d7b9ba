import type { CallOutcome } from './program-runner.ts';

/** Two floats are the same when they differ by less than this part of the larger one, or by this much near zero. */
const TOLERANCE = 1e-9;
/** A string, a number, a word, or any other single character: what a canonical text is made of. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?n?|[\p{L}_$][\p{L}\p{N}_$]*|\s+|./gsu;
const INTEGER = /^-?\d+$/u;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/u;

/**
 * True when a call did what was expected: the same value, floats within 1e-9, or an error of the same type.
 * A call that hung or died is never the same as anything.
 */
export function sameOutcome(got: CallOutcome, expected: CallOutcome): boolean {
  if (got.ended === 'raised' && expected.ended === 'raised') return got.errorType === expected.errorType;
  if (got.ended === 'value' && expected.ended === 'value') return sameValue(got.canonical, expected.canonical);
  return false;
}

/** True for two canonical texts that differ in nothing but the last digits of floats. */
export function sameValue(got: string, expected: string): boolean {
  if (got === expected) return true;
  const gotTokens = got.match(TOKEN) ?? [];
  const expectedTokens = expected.match(TOKEN) ?? [];
  return (
    gotTokens.length === expectedTokens.length &&
    gotTokens.every((token, index) => sameToken(token, expectedTokens[index] ?? ''))
  );
}

function sameToken(got: string, expected: string): boolean {
  if (got === expected) return true;
  if (!NUMBER.test(got) || !NUMBER.test(expected)) return false;
  // Integers are exact, however large.
  if (INTEGER.test(got) && INTEGER.test(expected)) return false;
  const [one, other] = [Number(got), Number(expected)];
  return Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.abs(one), Math.abs(other));
}
