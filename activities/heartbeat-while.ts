import { heartbeat } from '@temporalio/activity';

/**
 * Work that must end soon after it is cancelled heartbeats this often: a cancel arrives only with the answer to a heartbeat.
 * Workers pass every heartbeat on after at most the same time.
 */
export const PROMPT_HEARTBEAT_MS = 500;

/**
 * Heartbeats for as long as the work runs: a model load or a queue gives no sign of life by itself.
 * `tell` is asked each time for what the next execution is to know if this one dies.
 */
export async function heartbeatWhile<Result>(
  intervalMs: number,
  work: () => Promise<Result>,
  tell: () => unknown = () => undefined,
): Promise<Result> {
  const timer = setInterval(() => heartbeat(tell()), intervalMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
