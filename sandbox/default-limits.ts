import type { SandboxLimits } from './program-runner.ts';

const MEBIBYTE = 1024 * 1024;

/** Bounds for a program that nobody has said more about. */
export const DEFAULT_LIMITS: SandboxLimits = {
  // Long enough for a test file of some dozens of tests, short enough that a user waits for a stuck one.
  wallClockMs: 10_000,
  // Half of the wall clock: a program that computes all the time is ended sooner than one that waits.
  cpuMs: 5_000,
  // On top of what the idle interpreter holds; with Pyodide (about 200 MiB) a process stays below 1 GiB.
  memoryBytes: 512 * MEBIBYTE,
  // A runtime with its threads needs about 20; a pool of workers fits, a fork bomb ends at once.
  processes: 64,
  // Examples and tests write small files; a program that fills a disk is wrong.
  fileBytes: MEBIBYTE,
  // More than a model or a person reads.
  outputBytes: 64 * 1024,
  // An example or a test answers in milliseconds; a busy machine may need a hundred times that.
  callMs: 1_000,
};

/** One call or test may take this share of a whole run, so that one that hangs leaves time for the others. */
const CALL_SHARE = 0.1;

/** Bounds for a program that may run so long and take so much memory; computing all the time is allowed within the wall clock. */
export function limitsWithin({
  wallClockMs,
  memoryBytes,
}: Pick<SandboxLimits, 'wallClockMs' | 'memoryBytes'>): SandboxLimits {
  const callMs = Math.max(DEFAULT_LIMITS.callMs, wallClockMs * CALL_SHARE);
  return { ...DEFAULT_LIMITS, wallClockMs, cpuMs: wallClockMs, callMs, memoryBytes };
}
