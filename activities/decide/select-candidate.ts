import type { JudgedCandidate } from '../../domain/candidate.ts';
import type { Selection } from '../../domain/decision.ts';
import type { Check, ProbeOutcome, ResultState, Verdict } from '../../domain/verdict.ts';

/** A candidate with everything selection looks at. */
export interface Contender {
  readonly judged: JudgedCandidate;
  readonly verdict: Verdict;
  readonly sizeCharacters: number;
}

interface Ranked extends Contender {
  /** Sum over probes of the candidates that gave the same value. */
  readonly consensus: number;
  /** Candidates, itself included, that agree with it on every probe. */
  readonly agreeing: number;
}

/**
 * Chooses among candidates: trusted checks decide first, then agreement on probe outputs, then checks that only score, then
 * the shorter program. Null when there is none.
 */
export function selectCandidate(contenders: readonly Contender[]): Selection | null {
  const accepted = contenders.filter(({ judged }) => judged.accepted);
  const pool = accepted.length > 0 ? accepted : contenders;
  const ranked = pool.map((contender) => rank(contender, pool)).sort(compareRanked);
  const best = ranked[0];
  if (!best) return null;
  const agreement = agreementCheck(best, pool.length);
  return {
    chosen: best.judged,
    state: stateOf(best),
    checks: agreement ? [...best.verdict.checks, agreement] : best.verdict.checks,
    runner: best.verdict.runner,
    alternatives: ranked.slice(1).map(({ judged }) => judged),
    explanations: explain(best, contenders.length, accepted.length),
  };
}

function rank(contender: Contender, pool: readonly Contender[]): Ranked {
  const { probes } = contender.verdict;
  const consensus = probes.reduce((sum, probe) => sum + countSame(probe, pool), 0);
  const agreeing = probes.some(isValue)
    ? pool.filter((other) => agreesOnAll(contender.verdict, other.verdict)).length
    : 1;
  return { ...contender, consensus, agreeing };
}

/** Errors are no agreement: wrong programs fail alike. */
function countSame(probe: ProbeOutcome, pool: readonly Contender[]): number {
  if (!isValue(probe)) return 0;
  return pool.filter(({ verdict }) => verdict.probes.some((other) => sameProbe(probe, other))).length;
}

/** Fewer shared values are chance: small functions give 0 or 1 for much. */
const FEWEST_SHARED_VALUES = 3;

/** True when both gave the same outcome on every probe that both were given, and enough of them gave a value. */
export function agreesOnAll(left: Verdict, right: Verdict): boolean {
  const outcomes = new Map(right.probes.map((probe) => [probe.call, probe]));
  const shared = left.probes.filter((probe) => outcomes.has(probe.call));
  const agreed = shared.every((probe) => sameProbe(probe, outcomes.get(probe.call)));
  return (
    agreed && shared.filter(isValue).length >= Math.min(FEWEST_SHARED_VALUES, left.probes.length, right.probes.length)
  );
}

function sameProbe(left: ProbeOutcome, right: ProbeOutcome | undefined): boolean {
  return (
    right !== undefined && left.call === right.call && left.ended === right.ended && left.canonical === right.canonical
  );
}

export function isValue(probe: ProbeOutcome): boolean {
  return probe.ended === 'value';
}

function compareRanked(left: Ranked, right: Ranked): number {
  return (
    Number(right.judged.proven) - Number(left.judged.proven) ||
    trustedPasses(right.verdict) - trustedPasses(left.verdict) ||
    right.consensus - left.consensus ||
    scorePasses(right.verdict) - scorePasses(left.verdict) ||
    left.sizeCharacters - right.sizeCharacters
  );
}

function trustedPasses({ checks }: Verdict): number {
  return sum(checks.filter((check) => check.trusted).map((check) => check.passedCount));
}

function scorePasses({ checks }: Verdict): number {
  return sum(checks.filter((check) => !check.trusted).map((check) => check.passedCount));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function stateOf({ judged, agreeing }: Ranked): ResultState {
  if (!judged.accepted) return 'partial';
  if (judged.proven) return 'verified';
  return agreeing >= 2 ? 'consistent' : 'unverified';
}

function agreementCheck(best: Ranked, poolSize: number): Check | null {
  if (!best.verdict.probes.some(isValue) || poolSize < 2) return null;
  return {
    kind: 'agreement',
    author: 'hydra',
    trusted: false,
    inProcess: false,
    outcome: best.agreeing >= 2 ? 'passed' : 'failed',
    passedCount: best.agreeing,
    totalCount: poolSize,
    evidence: `${best.agreeing} of ${poolSize} candidates gave the same outcome on all ${best.verdict.probes.length} probes.`,
    durationMs: 0,
  };
}

function explain(best: Ranked, made: number, accepted: number): readonly string[] {
  const chosen = `Chosen from ${made} candidate${made === 1 ? '' : 's'}, of which ${accepted} passed every trusted check.`;
  if (!best.judged.accepted) return [chosen, `The chosen one fails: ${best.judged.summary}`];
  return [chosen];
}
