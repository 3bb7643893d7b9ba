import { Worker, type WorkerOptions } from '@temporalio/worker';

/** A worker that polls until it is stopped. */
export interface RunningWorker {
  readonly worker: Worker;
  /** Takes no new tasks; resolves when the running ones have ended or were handed back. */
  stop(): Promise<void>;
}

/** Longest time that a heartbeat is held back: with it a cancel reaches the socket within a second, with the SDK's default in five. */
const HEARTBEAT_THROTTLE_MS = 500;
/** Beyond this after the grace time a task hangs for good, and the process must not. */
const FORCE_AFTER_MS = 10_000;

/** How many polls a worker keeps open. (The options `maxConcurrent…TaskPolls` are without effect in this SDK.) */
export function pollAtMost(maximum: number): { readonly type: 'simple-maximum'; readonly maximum: number } {
  return { type: 'simple-maximum', maximum };
}

/** Creates a worker and watches it: one that ends by itself is reported, never forgotten. */
export async function startWorker(
  options: WorkerOptions & { readonly graceMs: number },
  onDeath: (error: unknown) => void,
): Promise<RunningWorker> {
  const { graceMs, ...workerOptions } = options;
  const worker = await Worker.create({
    ...workerOptions,
    shutdownGraceTime: graceMs,
    shutdownForceTime: graceMs + FORCE_AFTER_MS,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
  });
  const ended = worker.run().catch(onDeath);
  return {
    worker,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}
