import { heartbeat } from '@temporalio/activity';

/** Heartbeats for as long as the work runs: a model load or a queue gives no sign of life by itself. */
export async function heartbeatWhile<Result>(heartbeatTimeoutMs: number, work: () => Promise<Result>): Promise<Result> {
  // Four beats in one timeout: two may be lost on a busy machine without a false death.
  const timer = setInterval(() => heartbeat(), heartbeatTimeoutMs / 4);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
