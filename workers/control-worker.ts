import type { NativeConnection } from '@temporalio/worker';
import { createControlActivities } from '../activities/registry.ts';
import type { ControlDependencies } from '../activities/dependencies.ts';
import { CONTROL_QUEUE } from '../workflows/contract.ts';
import { startWorker, type RunningWorker } from './running-worker.ts';

export interface WorkerPlace {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly graceMs: number;
  readonly onDeath: (error: unknown) => void;
}

/** Workflows kept in memory between their tasks; each takes about 0.2 MB, and one that falls out is replayed. */
const CACHED_WORKFLOWS = 400;

/**
 * Tasks of a workflow that a killed process had in its memory wait for that process first: by default ten seconds, which come on top
 * of the ten that its heartbeats are missed for. What a busy process does not take in time is replayed, which costs milliseconds.
 */
const WAIT_FOR_MEMORY = '2 seconds';

/** The one workflow worker of a process, with the quick activities beside it. */
export function startControlWorker(
  place: WorkerPlace,
  deps: ControlDependencies,
  codePath: string,
): Promise<RunningWorker> {
  const { onDeath, ...rest } = place;
  return startWorker(
    {
      ...rest,
      taskQueue: CONTROL_QUEUE,
      workflowBundle: { codePath },
      activities: createControlActivities(deps),
      identity: `control@${process.pid}`,
      maxCachedWorkflows: CACHED_WORKFLOWS,
      stickyQueueScheduleToStartTimeout: WAIT_FOR_MEMORY,
      // A hundred executions, with the SDK's ten polls, carried 200 runs at once without failures in the measurements behind this.
      maxConcurrentWorkflowTaskExecutions: 100,
    },
    onDeath,
  );
}
