import type { Clock } from '../clock.ts';
import type { Target } from './list-targets.ts';
import type { ProbeTarget } from './probe-target.ts';

export interface SweepOptions {
  readonly probe: ProbeTarget;
  readonly clock: Clock;
  /** Of the sweep as a whole; what was not asked until then is left out. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called as soon as a target has answered or missed. */
  readonly onOutcome: (target: Target, isOllama: boolean) => void;
}

/** So many are asked at once: a home router's tables stay small, and a silent subnet is through in eight turns. */
const PROBES_IN_FLIGHT = 32;
/** A host of the local network answers within milliseconds; a starved one, or one that wakes, within this. */
const LONGEST_PROBE_MS = 1_000;
/** Below this a living host would be missed. */
const SHORTEST_PROBE_MS = 250;

/** Asks the targets in order; resolves to how many have been asked to the end. */
export async function sweepTargets(targets: readonly Target[], options: SweepOptions): Promise<number> {
  const { clock, timeoutMs } = options;
  const over = new AbortController();
  const cancelTimer = clock.setTimer(timeoutMs, () => over.abort());
  const signal = AbortSignal.any([options.signal, over.signal]);
  const waiting = targets.values();
  const askAll = async (): Promise<number> => {
    let asked = 0;
    for (const target of waiting) {
      const isOllama = await probeInTime(target, probeTimeoutMs(targets.length, timeoutMs), signal, options);
      if (signal.aborted) break;
      options.onOutcome(target, isOllama);
      asked += 1;
    }
    return asked;
  };
  const counts = await Promise.all(Array.from({ length: PROBES_IN_FLIGHT }, askAll));
  cancelTimer();
  return counts.reduce((sum, count) => sum + count, 0);
}

async function probeInTime(
  target: Target,
  timeoutMs: number,
  sweep: AbortSignal,
  { probe, clock }: SweepOptions,
): Promise<boolean> {
  const late = new AbortController();
  const cancelTimer = clock.setTimer(timeoutMs, () => late.abort());
  try {
    return await probe(target, AbortSignal.any([sweep, late.signal]));
  } finally {
    cancelTimer();
  }
}

/** As long as fits when nobody answers. */
function probeTimeoutMs(count: number, sweepMs: number): number {
  const turns = Math.max(1, Math.ceil(count / PROBES_IN_FLIGHT));
  return Math.min(LONGEST_PROBE_MS, Math.max(SHORTEST_PROBE_MS, Math.floor(sweepMs / turns)));
}
