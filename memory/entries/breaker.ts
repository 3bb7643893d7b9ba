/**
 * Whether a tier is asked, as data: it rests when it keeps failing, and one ping tries it again.
 *
 * closed     it is asked. The third failure in a row opens it. A success makes the next rest the shortest again; a ping does not,
 *            so that a tier that answers pings and nothing else rests longer and longer.
 * open       it is not asked. → half-open when `untilMs` is reached.
 * half-open  one ping is under way. → closed when it is answered; → open, twice as long, when it is not.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failuresInARow: number; readonly nextRestMs: number }
  | { readonly state: 'open'; readonly untilMs: number; readonly nextRestMs: number }
  | { readonly state: 'half-open'; readonly nextRestMs: number };

/** One failure may be chance and two bad luck; the third in a row is the tier. */
const FAILURES_IN_A_ROW = 3;
/** A restarted server is back after a second; one that stays away costs one ping in half a minute. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;

export const CLOSED_BREAKER: Breaker = { state: 'closed', failuresInARow: 0, nextRestMs: FIRST_REST_MS };

/** A call was answered. One that began before the breaker opened changes nothing. */
export function afterSuccess(breaker: Breaker): Breaker {
  return breaker.state === 'closed' ? CLOSED_BREAKER : breaker;
}

/** A call failed. One that began before the breaker opened changes nothing. */
export function afterFailure(breaker: Breaker, nowMs: number): Breaker {
  if (breaker.state !== 'closed') return breaker;
  const failuresInARow = breaker.failuresInARow + 1;
  return failuresInARow < FAILURES_IN_A_ROW ? { ...breaker, failuresInARow } : open(breaker, nowMs);
}

/** A ping was answered: calls pass again. */
export function afterPing(breaker: Breaker): Breaker {
  return breaker.state === 'closed' ? breaker : { state: 'closed', failuresInARow: 0, nextRestMs: breaker.nextRestMs };
}

/** A ping failed: in half-open it was the trial, otherwise a call like others. */
export function afterFailedPing(breaker: Breaker, nowMs: number): Breaker {
  return breaker.state === 'half-open' ? open(breaker, nowMs) : afterFailure(breaker, nowMs);
}

/** True when the rest is over and nobody has pinged yet. */
export function isTrialDue(breaker: Breaker, nowMs: number): boolean {
  return breaker.state === 'open' && nowMs >= breaker.untilMs;
}

/** The ping begins. */
export function beginTrial({ nextRestMs }: Breaker): Breaker {
  return { state: 'half-open', nextRestMs };
}

function open({ nextRestMs }: Breaker, nowMs: number): Breaker {
  return { state: 'open', untilMs: nowMs + nextRestMs, nextRestMs: Math.min(2 * nextRestMs, LONGEST_REST_MS) };
}
