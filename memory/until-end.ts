import type { RunId } from '../domain/ids.ts';
import type { NewRunEvent } from '../domain/run-event.ts';

/** The events without those that come after the end of their run; `ended` are the runs that had ended before. */
export function untilEnd(events: readonly NewRunEvent[], ended: Iterable<RunId>): readonly NewRunEvent[] {
  const over = new Set(ended);
  return events.filter(({ runId, body }) => {
    const isLate = over.has(runId);
    if (body.type === 'run.finished') over.add(runId);
    return !isLate;
  });
}
