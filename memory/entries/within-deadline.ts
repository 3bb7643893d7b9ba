import { SynthesisFailure } from '../../domain/failure.ts';

/** What ends a call. To make a signal takes half as long as Redis does to answer: it is made when somebody asks for it. */
export type Deadline = Pick<AbortController, 'signal'>;

/** Of the time of a call, what begins only when this process has seen that the rest is over: enough to read a large answer. */
const LAST_SHARE = 0.2;

/**
 * The outcome of the work, whose signal ends with the deadline. A process that was held up itself first reads what came
 * meanwhile, and gives what is still to come the last part of the time. Errors: those of the work; StoreUnavailable when it
 * was too slow.
 */
export async function withinDeadline<Value>(
  work: (deadline: Deadline) => Promise<Value>,
  deadlineMs: number,
): Promise<Value> {
  const controller = new AbortController();
  const startedAtMs = performance.now();
  const lastMs = deadlineMs * LAST_SHARE;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const end = () => {
      const failure = new SynthesisFailure('StoreUnavailable', `No answer within ${deadlineMs} ms.`, { deadlineMs });
      controller.abort(failure);
      reject(failure);
    };
    const beginLastPart = () => {
      const leftMs = deadlineMs - (performance.now() - startedAtMs);
      // What lies in the socket when the time is over is read before anybody is blamed.
      timer = setTimeout(() => setImmediate(end), Math.max(leftMs, lastMs));
    };
    timer = setTimeout(beginLastPart, deadlineMs - lastMs);
  });
  // A late end of a race that is over is nobody's concern.
  late.catch(() => {});
  try {
    return await Promise.race([work(controller), late]);
  } finally {
    clearTimeout(timer);
  }
}
