import { assertInvariant } from '../assert-invariant.ts';

/**
 * A circuit breaker as data: rests what keeps failing, and tries it again with one call.
 *
 * closed     calls pass. A failure opens it when it is the third in a row, or when of at least 5 calls in 60 s half failed.
 * open       nothing passes. → half-open when `untilMs` is reached. Failures of calls that began earlier change nothing.
 * half-open  one call at a time passes, the trial. → closed at the second success; → open, twice as long, when a call fails;
 *            an abandoned trial makes room for another. Calls that began earlier and succeed count as well.
 *
 * Invariants, asserted after each transition:
 * 1. A closed breaker has fewer than 3 failures in a row, and no outcome on record is older than 60 s at its last event.
 * 2. An open breaker rests between 3.75 s and 75 s (5 s to 60 s, jitter of a quarter).
 * 3. Half-open has at most one trial, and a trial of an earlier half-open period cannot make room for a second one.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failuresInARow: number; readonly outcomes: readonly Outcome[] }
  | { readonly state: 'open'; readonly untilMs: number; readonly restMs: number }
  | {
      readonly state: 'half-open';
      readonly trialSinceMs: number | null;
      readonly successes: number;
      readonly restMs: number;
    };

interface Outcome {
  readonly atMs: number;
  readonly failed: boolean;
}

/** One failure may be chance and two bad luck; the third in a row is the host. */
const FAILURES_IN_A_ROW = 3;
/** Half of the calls failing is worse than any other host; fewer than 5 calls say nothing. */
const FAILURE_SHARE = 0.5;
const OUTCOMES_TO_JUDGE = 5;
const WINDOW_MS = 60_000;
/** A restarted Ollama answers within 5 s; beyond a minute a healthy host would be left unused too long. */
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 60_000;
/** One success may be luck: a host that swaps, or a model that fails now and then, shows at the second. */
const SUCCESSES_TO_CLOSE = 2;
/** Rests vary by a quarter, so that hosts that failed together are not tried together. */
const JITTER = 0.25;

export const CLOSED_BREAKER: Breaker = { state: 'closed', failuresInARow: 0, outcomes: [] };

/** The breaker as it is at this moment: an open one becomes half-open by time alone. */
export function breakerAt(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.state !== 'open' || nowMs < breaker.untilMs) return breaker;
  return { state: 'half-open', trialSinceMs: null, successes: 0, restMs: breaker.restMs };
}

/** True when a call may begin now. */
export function permitsCall(breaker: Breaker, nowMs: number): boolean {
  const current = breakerAt(breaker, nowMs);
  return current.state === 'closed' || (current.state === 'half-open' && current.trialSinceMs === null);
}

/**
 * A call begins; in half-open the first one becomes the trial. Never refuses: whoever ignores the breaker may call as well.
 * `trialSinceMs` is null for a call that is no trial.
 */
export function beginCall(breaker: Breaker, nowMs: number): { breaker: Breaker; trialSinceMs: number | null } {
  const current = breakerAt(breaker, nowMs);
  if (current.state !== 'half-open' || current.trialSinceMs !== null) return { breaker: current, trialSinceMs: null };
  return { breaker: { ...current, trialSinceMs: nowMs }, trialSinceMs: nowMs };
}

/** A call succeeded. */
export function recordSuccess(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.state !== 'closed') return countSuccess(breaker);
  const outcomes = recentOutcomes(breaker.outcomes, { atMs: nowMs, failed: false });
  return checked({ state: 'closed', failuresInARow: 0, outcomes }, nowMs);
}

/** A trial goes on until it is abandoned, which is for its own call to say. */
function countSuccess(breaker: Exclude<Breaker, { state: 'closed' }>): Breaker {
  const { successes, trialSinceMs } = breaker.state === 'half-open' ? breaker : { successes: 0, trialSinceMs: null };
  if (successes + 1 >= SUCCESSES_TO_CLOSE) return CLOSED_BREAKER;
  return { state: 'half-open', trialSinceMs, successes: successes + 1, restMs: breaker.restMs };
}

/** A call failed. `random` is a number from 0 to 1. */
export function recordFailure(breaker: Breaker, nowMs: number, random: number): Breaker {
  const current = breakerAt(breaker, nowMs);
  switch (current.state) {
    case 'open':
      return current;
    case 'half-open':
      return openFor(Math.min(current.restMs * 2, LONGEST_REST_MS), nowMs, random);
    case 'closed': {
      const failuresInARow = current.failuresInARow + 1;
      const outcomes = recentOutcomes(current.outcomes, { atMs: nowMs, failed: true });
      const tripped = failuresInARow >= FAILURES_IN_A_ROW || mostlyFailed(outcomes);
      return tripped
        ? openFor(FIRST_REST_MS, nowMs, random)
        : checked({ state: 'closed', failuresInARow, outcomes }, nowMs);
    }
    default:
      return current satisfies never;
  }
}

/** The trial that began at `trialSinceMs` is over; another call may be the next one. */
export function abandonTrial(breaker: Breaker, trialSinceMs: number): Breaker {
  const isCurrentTrial = breaker.state === 'half-open' && breaker.trialSinceMs === trialSinceMs;
  return isCurrentTrial ? { ...breaker, trialSinceMs: null } : breaker;
}

function openFor(restMs: number, nowMs: number, random: number): Breaker {
  const jitter = 1 + JITTER * (2 * random - 1);
  return checked({ state: 'open', untilMs: nowMs + restMs * jitter, restMs }, nowMs);
}

function recentOutcomes(outcomes: readonly Outcome[], latest: Outcome): readonly Outcome[] {
  return [...outcomes.filter((outcome) => outcome.atMs > latest.atMs - WINDOW_MS), latest];
}

function mostlyFailed(outcomes: readonly Outcome[]): boolean {
  const failedCount = outcomes.filter((outcome) => outcome.failed).length;
  return outcomes.length >= OUTCOMES_TO_JUDGE && failedCount >= outcomes.length * FAILURE_SHARE;
}

function checked(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.state === 'closed') {
    const fresh = breaker.outcomes.every((outcome) => outcome.atMs > nowMs - WINDOW_MS);
    assertInvariant(
      breaker.failuresInARow < FAILURES_IN_A_ROW && fresh,
      'breaker 1: a closed breaker is not due to open',
    );
  }
  if (breaker.state === 'open') {
    const restMs = breaker.untilMs - nowMs;
    const inBounds = restMs >= FIRST_REST_MS * (1 - JITTER) && restMs <= LONGEST_REST_MS * (1 + JITTER);
    assertInvariant(inBounds, 'breaker 2: an open breaker rests within its bounds', { restMs });
  }
  return breaker;
}
