/** Time as the fleet sees it; injected, so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since 1970; never goes back. */
  now(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels it. */
  setTimer(delayMs: number, run: () => void): () => void;
}

/** The machine's clock. Monotonic: a corrected wall clock neither ages a call nor makes it young again. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.timeOrigin + performance.now(),
    setTimer(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/**
 * The same clock for decisions: one that is set back stands for no time at all, so that a rest of seconds does not last for the
 * hours it was set back by. One that is set forward ends rests early, which costs a trial.
 */
export function neverGoingBack(clock: Clock): Clock {
  let latestMs = clock.now();
  let lostMs = 0;
  return {
    now() {
      const nowMs = clock.now();
      lostMs += Math.max(0, latestMs - nowMs);
      latestMs = nowMs;
      return nowMs + lostMs;
    },
    setTimer: (delayMs, run) => clock.setTimer(delayMs, run),
  };
}
