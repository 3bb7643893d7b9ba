import { expect, test, vi } from 'vitest';
import { SynthesisFailure } from '../../../domain/failure.ts';
import type { RunId } from '../../../domain/ids.ts';
import type { RunEvent } from '../../../domain/run-event.ts';
import { createRunWatcher } from '../../../memory/sqlite/run-watcher.ts';
import { subscribeToRun } from '../../../memory/subscribe-to-run.ts';

const RUN = 'run' as RunId;

function away(): SynthesisFailure {
  return new SynthesisFailure('StoreUnavailable', 'away', { action: 'events.read' });
}

function event(sequence: number, type: 'phase.started' | 'run.finished'): RunEvent {
  const body =
    type === 'run.finished'
      ? { type, status: 'completed' as const, summary: '' }
      : { type, phase: 'attempt' as const, note: '' };
  return { runId: RUN, sequence, at: '2026-01-01T00:00:00.000Z', partId: null, stepKey: null, attempt: 1, body };
}

/** A subscriber to a store that answers, one after the other, what the test says. */
function subscribe(answers: readonly (() => readonly RunEvent[])[]) {
  const watcher = createRunWatcher({ readDataVersion: () => 1, readLastSequence: () => 0 });
  const left = [...answers];
  const read = async () => (left.shift() ?? (() => []))();
  const signal = new AbortController().signal;
  return {
    watcher,
    events: subscribeToRun({ runId: RUN, after: 0, signal, watcher, read, findEnd: async () => null }),
  };
}

function fail(): never {
  throw away();
}

test('a subscriber waits for a store that goes away, and reads on where it was', async () => {
  const { events } = subscribe([
    () => [event(1, 'phase.started')],
    fail,
    fail,
    () => [event(2, 'phase.started')],
    fail,
    () => [event(3, 'run.finished')],
  ]);
  const sequences: number[] = [];
  for await (const { sequence } of events) sequences.push(sequence);
  expect(sequences).toEqual([1, 2, 3]);
});

test('a store that is away from the start is an error at once', async () => {
  await expect(subscribe([fail]).events.next()).rejects.toMatchObject({ type: 'StoreUnavailable' });
});

test('a store that stays away for more than a minute is an error', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const late = () => {
      vi.advanceTimersByTime(61_000);
      return fail();
    };
    const { events } = subscribe([() => [event(1, 'phase.started')], fail, late]);
    await events.next();
    await expect(events.next()).rejects.toMatchObject({ type: 'StoreUnavailable' });
  } finally {
    vi.useRealTimers();
  }
});

test('an error that no waiting mends is not waited for', async () => {
  const broken = () => {
    throw new SynthesisFailure('InvariantBroken', 'broken', {});
  };
  const { events } = subscribe([() => [event(1, 'phase.started')], broken]);
  await events.next();
  await expect(events.next()).rejects.toMatchObject({ type: 'InvariantBroken' });
});
