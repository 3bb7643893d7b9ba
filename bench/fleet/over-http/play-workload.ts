import { setTimeout as delay } from 'node:timers/promises';
import type { BenchJob, Workload } from '../scenario.ts';

/** A job as its client saw it. Times count from the start of the workload. */
export interface JobTimes {
  readonly job: BenchJob;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Lets the jobs arrive when they do, opens no more at once than the workload says, and waits for all. */
export async function playWorkload(
  { jobs, atOnce }: Workload,
  playJob: (job: BenchJob) => Promise<void>,
): Promise<readonly JobTimes[]> {
  const startMs = performance.now();
  const elapsed = (): number => performance.now() - startMs;
  const gate = createGate(atOnce ?? Infinity);
  return Promise.all(
    jobs.map(async (job) => {
      await delay(Math.max(0, job.arrivesAtSeconds * 1000 - elapsed()));
      await gate.enter();
      const startedAtMs = elapsed();
      try {
        await playJob(job);
      } finally {
        gate.leave();
      }
      return { job, startedAtMs, endedAtMs: elapsed() };
    }),
  );
}

/** Lets so many in at once, in the order of their coming. */
function createGate(places: number) {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return {
    async enter(): Promise<void> {
      if (inside >= places) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside += 1;
    },
    leave(): void {
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next();
    },
  };
}
