import { availableParallelism } from 'node:os';
import type { VerifyDependencies } from '../activities/dependencies.ts';
import { createVerifyActivities } from '../activities/verify/verify-activities.ts';
import { VERIFY_QUEUE } from '../workflows/contract.ts';
import type { WorkerPlace } from './control-worker.ts';
import { pollAtMost, startWorker, type RunningWorker } from './running-worker.ts';

/** Runs sandboxed verification, as many at once as there are cores: more would only time each other out. */
export function startVerifyWorker(place: WorkerPlace, deps: VerifyDependencies): Promise<RunningWorker> {
  const { onDeath, ...rest } = place;
  return startWorker(
    {
      ...rest,
      taskQueue: VERIFY_QUEUE,
      activities: createVerifyActivities(deps),
      identity: `verify@${process.pid}`,
      maxConcurrentActivityTaskExecutions: availableParallelism(),
      activityTaskPollerBehavior: pollAtMost(2),
    },
    onDeath,
  );
}
