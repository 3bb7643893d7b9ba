import type { RunId } from '../domain/ids.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { RunEventLog } from '../memory/ports.ts';

// One page of stored events: a few thousand tokens, well under a megabyte.
const PAGE_EVENTS = 500;

/**
 * The events of a run above `after`: the stored ones page by page, then new ones as they come, up to `run.finished`. Text of an
 * older attempt is left out once a newer attempt of the same step is known. `noMore` ends the wait for new ones; whatever is
 * stored by then still comes.
 */
export async function* readEvents(
  log: RunEventLog,
  runId: RunId,
  after: number,
  noMore: AbortSignal,
): AsyncGenerator<RunEvent> {
  const attempts = new Map<string, number>();
  for await (const page of readInPages(log, runId, after, noMore)) {
    page.forEach((event) => noteAttempt(attempts, event));
    for (const event of page) {
      if (isCurrent(attempts, event)) yield event;
      if (event.body.type === 'run.finished') return;
    }
  }
}

async function* readInPages(
  log: RunEventLog,
  runId: RunId,
  after: number,
  noMore: AbortSignal,
): AsyncGenerator<readonly RunEvent[]> {
  let last = after;
  for await (const page of readStored(log, runId, last)) {
    yield page;
    last = page.at(-1)?.sequence ?? last;
  }
  for await (const event of log.subscribe(runId, last, noMore)) {
    yield [event];
    last = event.sequence;
  }
  yield* readStored(log, runId, last);
}

async function* readStored(log: RunEventLog, runId: RunId, after: number): AsyncGenerator<readonly RunEvent[]> {
  let page = await log.read(runId, after, PAGE_EVENTS);
  while (page.length > 0) {
    yield page;
    page = await log.read(runId, page.at(-1)?.sequence ?? after, PAGE_EVENTS);
  }
}

function noteAttempt(attempts: Map<string, number>, { stepKey, attempt }: RunEvent): void {
  if (stepKey !== null) attempts.set(stepKey, Math.max(attempt, attempts.get(stepKey) ?? 0));
}

function isCurrent(attempts: ReadonlyMap<string, number>, event: RunEvent): boolean {
  if (event.body.type !== 'text.delta' || event.stepKey === null) return true;
  return event.attempt >= (attempts.get(event.stepKey) ?? 0);
}
