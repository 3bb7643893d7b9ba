import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SynthesisFailure } from '../../../domain/failure.ts';
import type { RunId, StepKey } from '../../../domain/ids.ts';
import type { NewRunEvent } from '../../../domain/run-event.ts';
import { createEventWriter } from '../../../memory/event-writer.ts';
import type { RunEventLog } from '../../../memory/ports.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 25_000, interval: 10 };

/** A log that keeps its batches and fails while `isBroken`. */
function createMemoryLog() {
  const batches: (readonly NewRunEvent[])[] = [];
  const state = { isBroken: false, tries: 0 };
  const log: Pick<RunEventLog, 'append'> = {
    async append(events) {
      await new Promise(setImmediate);
      state.tries += 1;
      if (state.isBroken) throw new SynthesisFailure('StoreUnavailable', 'broken');
      batches.push(events);
    },
  };
  return { log: log as RunEventLog, batches, state, describeAll: () => batches.flat().map(describeEvent) };
}

function delta(step: string, text: string, attempt = 1): NewRunEvent {
  return { runId: 'run' as RunId, partId: null, stepKey: step as StepKey, attempt, body: { type: 'text.delta', text } };
}

function note(text: string): NewRunEvent {
  const body = { type: 'phase.started', phase: 'attempt', note: text } as const;
  return { runId: 'run' as RunId, partId: null, stepKey: null, attempt: 1, body };
}

function describeEvent(event: NewRunEvent): string {
  const text = event.body.type === 'text.delta' ? event.body.text : event.body.type;
  return `${event.stepKey ?? '-'}:${text}`;
}

describe('event writer', () => {
  test('texts of one step become one event, also when steps take turns', async () => {
    const { log, describeAll } = createMemoryLog();
    const writer = createEventWriter(log);
    for (const text of ['a', 'b', 'c']) {
      writer.write(delta('s1', text));
      writer.write(delta('s2', text.toUpperCase()));
    }
    await writer.close();
    expect(describeAll()).toEqual(['s1:abc', 's2:ABC']);
  });

  test('texts are not merged across another event or another attempt', async () => {
    const { log, describeAll } = createMemoryLog();
    const writer = createEventWriter(log);
    writer.write(delta('s1', 'a'));
    writer.write(note('between'));
    writer.write(delta('s1', 'b'));
    writer.write(delta('s1', 'c', 2));
    await writer.close();
    expect(describeAll()).toEqual(['s1:a', '-:phase.started', 's1:b', 's1:c']);
  });

  test('events are stored by themselves within the interval, many in one batch', async () => {
    const { log, batches } = createMemoryLog();
    const writer = createEventWriter(log, { flushIntervalMs: 5 });
    for (let index = 0; index < 20; index += 1) writer.write(note(String(index)));
    await expect.poll(() => batches.map((batch) => batch.length), PATIENTLY).toEqual([20]);
    await writer.close();
  });

  test('no batch is larger than its limit, and a full one does not wait', async () => {
    const { log, batches } = createMemoryLog();
    const writer = createEventWriter(log, { flushIntervalMs: 3_600_000, maxBatch: 4 });
    for (let index = 0; index < 10; index += 1) writer.write(note(String(index)));
    await expect.poll(() => batches.flat().length, PATIENTLY).toBe(10);
    expect(batches.every((batch) => batch.length <= 4)).toBe(true);
    await writer.close();
  });

  test('a long text is split, and nothing of it is lost', async () => {
    const { log, batches } = createMemoryLog();
    const writer = createEventWriter(log);
    const piece = 'x'.repeat(1000);
    for (let index = 0; index < 100; index += 1) writer.write(delta('s1', piece));
    await writer.close();
    const texts = batches.flat().map((event) => (event.body.type === 'text.delta' ? event.body.text : ''));
    expect(texts.join('')).toHaveLength(100_000);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(20_000);
  });

  test('what a failing log refused is stored in order once it works again', async () => {
    const { log, state, describeAll } = createMemoryLog();
    const writer = createEventWriter(log, { flushIntervalMs: 5 });
    state.isBroken = true;
    writer.write(delta('s1', 'a'));
    writer.write(note('first'));
    await expect(writer.flush()).rejects.toMatchObject({ type: 'StoreUnavailable' });
    await expect.poll(() => state.tries, PATIENTLY).toBeGreaterThan(2);
    writer.write(delta('s1', 'b'));
    state.isBroken = false;
    await expect.poll(describeAll, PATIENTLY).toEqual(['s1:a', '-:phase.started', 's1:b']);
    await writer.close();
  });

  test('a log that stays broken makes texts drop but keeps the other events and the memory bounded', async () => {
    const { log, state, describeAll } = createMemoryLog();
    const writer = createEventWriter(log, { flushIntervalMs: 5, maxBatch: 2 });
    state.isBroken = true;
    writer.write(note('first'));
    for (let index = 0; index < 1000; index += 1) writer.write(delta(`s${index}`, 'x'));
    writer.write(note('last'));
    state.isBroken = false;
    await writer.close();
    expect(describeAll().length).toBeLessThanOrEqual(80);
    expect(describeAll().filter((text) => text.startsWith('-'))).toHaveLength(2);
  });

  test('closing reports what could not be stored, and then nothing is taken', async () => {
    const { log, state } = createMemoryLog();
    const timersBefore = countTimers();
    const writer = createEventWriter(log);
    state.isBroken = true;
    writer.write(note('lost'));
    await expect(writer.close()).rejects.toMatchObject({ type: 'StoreUnavailable' });
    expect(() => writer.write(note('late'))).toThrow(/closed/);
    expect(countTimers()).toBe(timersBefore);
  });

  test('whatever is written when, each step keeps its text and the other events keep their places', async () => {
    const action = fc.oneof(
      fc.record({ step: fc.constantFrom('s1', 's2', 's3'), text: fc.string({ maxLength: 3 }) }),
      fc.constant('note'),
      fc.constant('flush'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const { log, batches } = createMemoryLog();
        const writer = createEventWriter(log, { maxBatch: 5 });
        const written: NewRunEvent[] = [];
        for (const [index, step] of actions.entries()) {
          if (step === 'flush') void writer.flush();
          else {
            const event = step === 'note' ? note(String(index)) : delta(step.step, step.text);
            written.push(event);
            writer.write(event);
          }
        }
        await writer.close();
        expect(describeSections(batches.flat())).toEqual(describeSections(written));
      }),
      { numRuns: 200 },
    );
  });
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** What must stay: the notes in order, and between two of them the whole text of each step. */
function describeSections(events: readonly NewRunEvent[]): unknown {
  const sections: Record<string, string>[] = [{}];
  for (const { body, stepKey } of events) {
    if (body.type !== 'text.delta') sections.push({ note: JSON.stringify(body) });
    const section = sections.at(-1) ?? {};
    if (body.type === 'text.delta') section[stepKey ?? ''] = (section[stepKey ?? ''] ?? '') + body.text;
  }
  return sections;
}
