import { setTimeout as delay } from 'node:timers/promises';
import type { RunId } from '../domain/ids.ts';
import { isTerminal } from '../domain/run.ts';
import type { RunRecord } from '../domain/run.ts';
import type { RunStore } from '../memory/ports.ts';

// A row is read in microseconds, and nobody notices a tenth of a second after a model has worked for many.
const POLL_MS = 100;
/** Longest time that a request may wait for its run, in seconds: proxies cut longer silences. */
export const MAX_WAIT_SECONDS = 300;

/** The finished run; undefined when it is still open after `waitMs`, or on abort. */
export async function waitForRun(
  runs: RunStore,
  runId: RunId,
  waitMs: number,
  signal: AbortSignal,
): Promise<RunRecord | undefined> {
  const end = performance.now() + waitMs;
  while (!signal.aborted) {
    const run = await runs.find(runId);
    if (run && isTerminal(run.status)) return run;
    const remainingMs = end - performance.now();
    if (remainingMs <= 0) return undefined;
    await delay(Math.min(POLL_MS, remainingMs));
  }
  return undefined;
}

/** Seconds that the header `Prefer: wait=N` asks for; undefined when it asks for none. */
export function readPreferredWait(prefer: string | undefined): number | undefined {
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(prefer ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
