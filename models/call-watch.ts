import type { CallDeadlines } from './language-model.ts';

export type ExpiredDeadline = 'first_token' | 'idle' | 'total';

/** Watches one call: ends it when a deadline passes or the caller aborts. */
export interface CallWatch {
  /** Aborted by a deadline or by the caller. */
  readonly signal: AbortSignal;
  /** Something arrived: the idle deadline starts over. */
  noteArrival(): void;
  expired(): ExpiredDeadline | null;
  /** The answer is complete: stops the timers. The connection may serve the next call once the stream has ended. */
  complete(): void;
  /** The call has failed: stops the timers and ends the connection at once. */
  cancel(): void;
}

/** The end of the stream follows the last message at once; a host that leaves it open loses the connection. */
const LINGER_MS = 1_000;

/** Starts the deadlines of a call. */
export function watchCall(deadlines: CallDeadlines, caller: AbortSignal): CallWatch {
  const controller = new AbortController();
  let expired: ExpiredDeadline | null = null;
  const expire = (deadline: ExpiredDeadline): void => {
    expired ??= deadline;
    controller.abort(new Error(`${deadline} deadline`));
  };
  const total = setTimeout(() => expire('total'), deadlines.totalMs);
  const firstToken = setTimeout(() => expire('first_token'), deadlines.firstTokenMs);
  let idle: NodeJS.Timeout | undefined;
  const followCaller = (): void => controller.abort(caller.reason);
  caller.addEventListener('abort', followCaller, { once: true });
  if (caller.aborted) followCaller();
  const stopTimers = (): void => {
    for (const timer of [total, firstToken, idle]) clearTimeout(timer);
    caller.removeEventListener('abort', followCaller);
  };
  return {
    signal: controller.signal,
    expired: () => expired,
    noteArrival() {
      clearTimeout(firstToken);
      if (idle === undefined) idle = setTimeout(() => expire('idle'), deadlines.idleMs);
      else idle.refresh();
    },
    complete() {
      stopTimers();
      setTimeout(() => controller.abort(new Error('the call is over')), LINGER_MS).unref();
    },
    cancel() {
      stopTimers();
      controller.abort(new Error('the call has failed'));
    },
  };
}
