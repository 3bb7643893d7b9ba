/** A timer that may be started over. */
export interface PatientTimer {
  /** Starts over from now. */
  restart(): void;
  stop(): void;
}

/** A timer that fires so late says that this process stood still: stopped, swapped out, or busy with itself. */
const STANDSTILL_MS = 1_000;
/** What had arrived in the meantime is read within this. */
const CATCH_UP_MS = 1_000;

/**
 * Runs `run` once after `delayMs`. Time in which this process itself stood still proves nothing about others: then what
 * waits to be read is read first.
 */
export function startPatientTimer(delayMs: number, run: () => void): PatientTimer {
  let waitMs = delayMs;
  let dueMs = performance.now() + waitMs;
  let timer = setTimeout(fire, waitMs);
  let stopped = false;
  function fire(): void {
    const stoodStill = performance.now() - dueMs > STANDSTILL_MS;
    if (stoodStill) wait(Math.min(delayMs, CATCH_UP_MS));
    else run();
  }
  function wait(nextMs: number): void {
    clearTimeout(timer);
    waitMs = nextMs;
    dueMs = performance.now() + waitMs;
    timer = setTimeout(fire, waitMs);
  }
  return {
    restart() {
      if (stopped) return;
      if (waitMs !== delayMs) return wait(delayMs);
      dueMs = performance.now() + delayMs;
      // Cheaper than a new timer, of which there would be one for each token.
      timer.refresh();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
