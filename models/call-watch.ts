import type { CallDeadlines } from './language-model.ts';
import { watchLife, type LifeWatch } from './life-watch.ts';
import { startPatientTimer, type PatientTimer } from './patient-timer.ts';

/** A deadline that has passed, or `silent`: the host gives no sign of life. */
export type CallExpiry = 'first_token' | 'idle' | 'total' | 'silent';

/** Asks the host for a sign of life; rejects when there is none within the time. */
export type AskForLife = (timeoutMs: number) => Promise<unknown>;

/** Watches one call: ends it when a deadline passes, the host dies or the caller aborts. */
export interface CallWatch {
  /** Aborted by a deadline, by the death of the host or by the caller. */
  readonly signal: AbortSignal;
  /** Something arrived: the host lives, and the idle deadline starts over. */
  noteArrival(): void;
  expired(): CallExpiry | null;
  /** The answer is complete: stops the timers. The connection may serve the next call once the stream has ended. */
  complete(): void;
  /** The call has failed: stops the timers and ends the connection at once. */
  cancel(): void;
}

/** The end of the stream follows the last message at once; a host that leaves it open loses the connection. */
const LINGER_MS = 1_000;

/** Starts the deadlines of a call, and watches whether the host lives where it can be asked. */
export function watchCall(deadlines: CallDeadlines, caller: AbortSignal, ask?: AskForLife): CallWatch {
  const controller = new AbortController();
  let expired: CallExpiry | null = null;
  const expire = (reason: CallExpiry): void => {
    expired ??= reason;
    controller.abort(new Error(reason));
  };
  const total = startPatientTimer(deadlines.totalMs, () => expire('total'));
  const firstToken = startPatientTimer(deadlines.firstTokenMs, () => expire('first_token'));
  let idle: PatientTimer | undefined;
  const life: LifeWatch | undefined = ask && watchLife(ask, () => expire('silent'));
  const followCaller = (): void => controller.abort(caller.reason);
  caller.addEventListener('abort', followCaller, { once: true });
  if (caller.aborted) followCaller();
  const stopTimers = (): void => {
    for (const timer of [total, firstToken, idle, life]) timer?.stop();
    caller.removeEventListener('abort', followCaller);
  };
  return {
    signal: controller.signal,
    expired: () => expired,
    noteArrival() {
      firstToken.stop();
      life?.noteArrival();
      if (idle === undefined) idle = startPatientTimer(deadlines.idleMs, () => expire('idle'));
      else idle.restart();
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
