import type { Settings } from '../config/settings.ts';
import type { RunTimeouts } from '../workflows/contract.ts';

/** Time over the call's own deadline before Temporal takes the worker for lost. */
const MARGIN_MS = 30_000;
/** Runs of one verification: type checker, calls, user tests, expected values, each within the sandbox's wall clock or 30 s. */
const RUNS_PER_VERIFICATION = 6;

/** The timeouts that a run carries, from the settings. */
export function toRunTimeouts({ timeouts, sandbox }: Settings): RunTimeouts {
  return {
    heartbeatMs: timeouts.heartbeatMs,
    scheduleToStartMs: timeouts.scheduleToStartMs,
    generateMs: timeouts.totalMs + MARGIN_MS,
    maxWaitForNodeMs: timeouts.maxWaitForNodeMs,
    verifyMs: RUNS_PER_VERIFICATION * (sandbox.wallClockMs + MARGIN_MS),
  };
}
