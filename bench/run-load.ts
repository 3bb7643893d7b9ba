import { performance } from 'node:perf_hooks';
import type { RunId } from '../domain/ids.ts';
import type { Load } from './workload.ts';

/** How one request ended. `problem` is null for verified code. */
export interface EndedRequest {
  readonly runId: RunId;
  readonly requestMs: number;
  readonly problem: string | null;
}

/** Hands in requests, as many at once as the load says, each as soon as another has ended. */
export async function runLoad(
  load: Load,
  runOne: (index: number) => Promise<{ readonly runId: RunId; readonly problem: string | null }>,
): Promise<readonly EndedRequest[]> {
  const ended: EndedRequest[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < load.requests) {
      const index = next++;
      const startedAt = performance.now();
      const run = await runOne(index);
      ended.push({ ...run, requestMs: performance.now() - startedAt });
    }
  };
  await Promise.all(Array.from({ length: load.atOnce }, caller));
  return ended;
}
