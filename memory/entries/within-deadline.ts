import { SynthesisFailure } from '../../domain/failure.ts';

/** The outcome of the work, whose signal ends with the deadline. Errors: those of the work; StoreUnavailable when it was too slow. */
export async function withinDeadline<Value>(
  work: (signal: AbortSignal) => Promise<Value>,
  deadlineMs: number,
): Promise<Value> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const end = () => {
      const failure = new SynthesisFailure('StoreUnavailable', `No answer within ${deadlineMs} ms.`, { deadlineMs });
      controller.abort(failure);
      reject(failure);
    };
    // Where this process was held up itself, the answer may lie in the socket by now: it is read before anybody is blamed.
    timer = setTimeout(() => setImmediate(end), deadlineMs);
  });
  // A late end of a race that is over is nobody's concern.
  late.catch(() => {});
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
