import type { Host, RunningCall } from './host.ts';
import type { RateSample } from '../learning/learned-rates.ts';
import type { CallReport } from '../scheduler-port.ts';

type FinishedReport = Extract<CallReport, { ended: 'finished' }>;

/** Below this, a reported load is the host's bookkeeping on a model that was in memory already. */
const SHORTEST_LOAD_MS = 100;

/** What a finished call teaches of the host's speeds, and of how many calls it really runs at once. */
export function sampleOf(host: Host, call: RunningCall, report: FinishedReport): RateSample {
  const { totalMs, loadMs, promptMs, decodeMs } = report;
  const isLoad = call.mustLoad && loadMs >= SHORTEST_LOAD_MS;
  const sample = { ...report, loadMs: isLoad ? loadMs : null };
  if (totalMs === undefined) return sample;
  const slotWaitMs = totalMs - loadMs - promptMs - decodeMs;
  return { ...sample, slot: { slots: host.address.slots, running: call.sameModelCalls, slotWaitMs, totalMs } };
}
