import { getEventListeners, setMaxListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PartId } from '../../domain/ids.ts';
import type { NewRunEvent, RunEvent } from '../../domain/run-event.ts';
import type { Memory } from '../../memory/ports.ts';
import { collect, countTimers, finished, note, runId, stepKey, toNote } from './memory-fixtures.ts';
import type { MemoryHarness } from './memory-harness.ts';

/** A starved machine may take long; a condition that holds is seen at once. */
const PATIENTLY = { timeout: 25_000, interval: 10 };

/** What the run events of every adapter must do. */
export function describeRunEvents(current: () => { readonly memory: Memory; readonly harness: MemoryHarness }): void {
  describe('run events', () => {
    let memory: Memory;
    let harness: MemoryHarness;
    beforeEach(() => ({ memory, harness } = current()));

    test('each run counts its own events from 1', async () => {
      await memory.events.append([note('a', 'one'), note('b', 'one'), note('a', 'two')]);
      await memory.events.append([note('a', 'three')]);
      expect((await memory.events.read(runId('a'), 0, 10)).map(toNote)).toEqual(['1 one', '2 two', '3 three']);
      expect((await memory.events.read(runId('b'), 0, 10)).map(toNote)).toEqual(['1 one']);
    });

    test('an event comes back whole, with the time of the clock', async () => {
      const clocked = await harness.open(() => Date.parse('2030-01-02T03:04:05.000Z'));
      const event: NewRunEvent = {
        runId: runId('a'),
        partId: 'whole' as PartId,
        stepKey: stepKey('a/whole/generate/0/abc'),
        attempt: 3,
        body: { type: 'text.delta', text: 'ä\u0000😀' },
      };
      await clocked.events.append([event]);
      const stored = await clocked.events.read(runId('a'), 0, 10);
      expect(stored).toEqual([{ ...event, sequence: 1, at: '2030-01-02T03:04:05.000Z' }]);
    });

    test('reading starts after a sequence and stops at the limit', async () => {
      await memory.events.append(['1', '2', '3', '4', '5'].map((text) => note('a', text)));
      expect((await memory.events.read(runId('a'), 2, 2)).map((event) => event.sequence)).toEqual([3, 4]);
      expect(await memory.events.read(runId('a'), 99, 2)).toEqual([]);
      expect(await memory.events.read(runId('none'), 0, 2)).toEqual([]);
    });

    test('reading without text gives everything else of the run, in order', async () => {
      const text = { ...note('a', ''), body: { type: 'text.delta', text: 'x' } } as const;
      await memory.events.append([note('a', 'one'), text, note('b', 'other'), note('a', 'two'), text, finished('a')]);
      expect((await memory.events.readWithoutText(runId('a'))).map(toNote)).toEqual(['1 one', '3 two', '5 done']);
      expect(await memory.events.readWithoutText(runId('none'))).toEqual([]);
    });

    test('nothing is appended of a batch with a bad event', async () => {
      const bad = { ...note('a', 'bad'), attempt: null } as unknown as NewRunEvent;
      await expect(memory.events.append([note('a', 'good'), bad])).rejects.toMatchObject({
        name: 'SynthesisFailure',
      });
      expect(await memory.events.read(runId('a'), 0, 10)).toEqual([]);
    });

    test('nothing follows the end of a run, in the same batch or later, and it ends once', async () => {
      await memory.events.append([note('a', 'one'), finished('a'), note('a', 'too late'), note('b', 'one')]);
      await memory.events.append([note('a', 'too late'), finished('a'), note('b', 'two')]);
      expect((await memory.events.read(runId('a'), 0, 10)).map(toNote)).toEqual(['1 one', '2 done']);
      expect((await memory.events.read(runId('b'), 0, 10)).map(toNote)).toEqual(['1 one', '2 two']);
    });

    test('appending nothing does nothing', async () => {
      await expect(memory.events.append([])).resolves.toBeUndefined();
    });

    test('a subscriber gets what was there, then what comes, and ends with the run', async () => {
      await memory.events.append([note('a', 'before')]);
      const received: string[] = [];
      const reading = collect(memory, 'a', 0, (event) => received.push(toNote(event)));
      await expect.poll(() => received, PATIENTLY).toEqual(['1 before']);
      await memory.events.append([note('a', 'after'), note('b', 'of another run')]);
      await expect.poll(() => received, PATIENTLY).toEqual(['1 before', '2 after']);
      await memory.events.append([finished('a'), note('a', 'too late')]);
      await reading;
      expect(received).toEqual(['1 before', '2 after', '3 done']);
    });

    test('a subscriber sees what another connection writes', async () => {
      const other = await harness.open();
      const received: string[] = [];
      const reading = collect(memory, 'a', 0, (event) => received.push(toNote(event)));
      for (const [index, text] of ['one', 'two', 'three'].entries()) {
        await other.events.append([note('a', text)]);
        await expect.poll(() => received.length, PATIENTLY).toBe(index + 1);
      }
      await other.events.append([finished('a')]);
      await reading;
    });

    test('a subscriber to a run that has ended gets the rest, or nothing, and ends', async () => {
      await memory.events.append([note('a', 'one'), note('a', 'two'), finished('a')]);
      const received: string[] = [];
      await collect(memory, 'a', 1, (event) => received.push(toNote(event)));
      expect(received).toEqual(['2 two', '3 done']);
      for (const after of [3, 4, 1000]) await collect(memory, 'a', after, (event) => received.push(toNote(event)));
      expect(received).toHaveLength(2);
    });

    test('a subscriber gets thousands of events in order though it reads slowly', async () => {
      const total = 3000;
      const reading: number[] = [];
      const subscription = collect(memory, 'a', 0, async (event) => {
        reading.push(event.sequence);
        if (event.sequence % 100 === 0) await new Promise(setImmediate);
      });
      for (let written = 0; written < total; written += 100) {
        await memory.events.append(Array.from({ length: 100 }, (_, index) => note('a', String(written + index))));
        await new Promise(setImmediate);
      }
      await memory.events.append([finished('a')]);
      await subscription;
      expect(reading).toEqual(Array.from({ length: total + 1 }, (_, index) => index + 1));
    });

    test('an abort ends a subscriber that waits, and one whose signal had fired before', async () => {
      const controller = new AbortController();
      const waiting = collect(memory, 'a', 0, () => {}, controller.signal);
      await expect.poll(() => getEventListeners(controller.signal, 'abort').length, PATIENTLY).toBe(1);
      controller.abort();
      await waiting;
      await memory.events.append([note('a', 'one')]);
      const received: RunEvent[] = [];
      await collect(memory, 'a', 0, (event) => received.push(event), controller.signal);
      expect(received).toEqual([]);
    });

    test('five hundred subscribers that join and leave go without a trace', async () => {
      const controller = new AbortController();
      setMaxListeners(500, controller.signal);
      const timersBefore = countTimers();
      let received = 0;
      const readers = Array.from({ length: 500 }, async (_, index) => {
        for await (const event of memory.events.subscribe(runId(`r${index % 5}`), 0, controller.signal)) {
          received += 1;
          if (index % 2 === 0 && event.sequence >= 1) break;
        }
      });
      await expect.poll(() => getEventListeners(controller.signal, 'abort').length, PATIENTLY).toBe(500);
      await memory.events.append(Array.from({ length: 5 }, (_, index) => note(`r${index}`, 'hello')));
      await expect.poll(() => received, PATIENTLY).toBe(500);
      await expect.poll(() => getEventListeners(controller.signal, 'abort').length, PATIENTLY).toBe(250);
      controller.abort();
      await Promise.all(readers);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      expect(countTimers()).toBeLessThanOrEqual(timersBefore);
    });
  });
}
