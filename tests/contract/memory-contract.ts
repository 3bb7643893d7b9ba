import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashText } from '../../memory/content-hash.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeKnowledge } from '../../domain/node-knowledge.ts';
import type { Memory } from '../../memory/ports.ts';
import { describeDecisionLog } from './memory-decisions-contract.ts';
import { describeRunEvents } from './memory-events-contract.ts';
import { describeNodeRegistry } from './memory-nodes-contract.ts';
import { describePruning } from './memory-prune-contract.ts';
import { collect, createNode, createResult, createRun, listAll, runId, stepKey, swapCase } from './memory-fixtures.ts';
import type { MemoryHarness } from './memory-harness.ts';

/** What every adapter of `Memory` must do. `createHarness` gives each test an empty store. */
export function describeMemoryContract(name: string, createHarness: () => Promise<MemoryHarness>): void {
  describe(`${name} keeps the contract of memory`, () => {
    let harness: MemoryHarness;
    let memory: Memory;
    beforeEach(async () => {
      harness = await createHarness();
      memory = await harness.open();
    });
    afterEach(async () => harness.dispose());

    describe('artifacts', () => {
      test('a text comes back by its hash, whatever is in it', async () => {
        const texts = ['', 'print("hi")\n', 'ä€😀\u0000end', 'x'.repeat(3_000_000)];
        for (const text of texts) {
          const hash = await memory.artifacts.putText(text);
          expect(hash).toBe(hashText(text));
          expect((await memory.artifacts.getText(hash)) === text).toBe(true);
        }
      });

      test('the same text twice is stored once', async () => {
        const first = await memory.artifacts.putText('x'.repeat(1_000_000));
        const { sizeBytes } = await memory.describe();
        expect(await memory.artifacts.putText('x'.repeat(1_000_000))).toBe(first);
        expect((await memory.describe()).sizeBytes - sizeBytes).toBeLessThan(500_000);
      });

      test('an unknown hash gives undefined', async () => {
        expect(await memory.artifacts.getText(hashText('never stored'))).toBeUndefined();
      });
    });

    describe('step results', () => {
      test('the first value is kept even when a later one differs', async () => {
        expect(await memory.steps.acceptOnce(stepKey('a'), runId('r'), { code: 1 })).toEqual({ code: 1 });
        expect(await memory.steps.acceptOnce(stepKey('a'), runId('r'), { code: 2 })).toEqual({ code: 1 });
        expect(await memory.steps.find(stepKey('a'))).toEqual({ code: 1 });
      });

      test('null is a value and a missing key is none', async () => {
        expect(await memory.steps.acceptOnce(stepKey('a'), runId('r'), null)).toBeNull();
        expect(await memory.steps.find(stepKey('a'))).toBeNull();
        expect(await memory.steps.find(stepKey('b'))).toBeUndefined();
      });

      test('what JSON cannot carry is refused and leaves the key free', async () => {
        await expect(memory.steps.acceptOnce(stepKey('a'), runId('r'), undefined)).rejects.toMatchObject({
          type: 'InvariantBroken',
        });
        expect(await memory.steps.acceptOnce(stepKey('a'), runId('r'), 7)).toBe(7);
      });

      test('fifty writers of two connections agree on one value', async () => {
        const other = await harness.open();
        const writers = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? memory : other));
        const values = await Promise.all(
          writers.map((writer, index) => writer.steps.acceptOnce(stepKey('a'), runId('r'), index)),
        );
        expect(new Set(values).size).toBe(1);
      });
    });

    describe('runs', () => {
      test('a run comes back as it was inserted', async () => {
        const run = { ...createRun('r1'), error: { type: 'Cancelled', message: 'm', details: { a: [1] } } } as const;
        expect(await memory.runs.insert(run)).toBe(true);
        expect(await memory.runs.find(run.id)).toEqual(run);
        expect(await memory.runs.find(runId('other'))).toBeUndefined();
      });

      test('an ID that exists is not inserted again', async () => {
        await memory.runs.insert(createRun('r1'));
        expect(await memory.runs.insert({ ...createRun('r1'), prompt: 'another' })).toBe(false);
        expect((await memory.runs.find(runId('r1')))?.prompt).toBe('prompt of r1');
      });

      test('a change touches only what it names', async () => {
        await memory.runs.insert(createRun('r1'));
        const progress = { phase: 'classify', parts: [], modelCalls: 2, tokens: 30 } as const;
        expect(await memory.runs.update(runId('r1'), { status: 'running', progress })).toBe(true);
        expect(await memory.runs.update(runId('r1'), { status: 'running' })).toBe(true);
        expect(await memory.runs.find(runId('r1'))).toMatchObject({ status: 'running', progress, result: null });
        await memory.runs.update(runId('r1'), { progress: null });
        expect(await memory.runs.find(runId('r1'))).toMatchObject({ status: 'running', progress: null });
      });

      test('a terminal run is never changed', async () => {
        await memory.runs.insert(createRun('r1'));
        await memory.runs.update(runId('r1'), { status: 'completed', result: createResult('verified') });
        const before = await memory.runs.find(runId('r1'));
        for (const status of ['running', 'failed', 'cancelled', 'completed'] as const) {
          expect(await memory.runs.update(runId('r1'), { status, result: null })).toBe(false);
        }
        expect(await memory.runs.find(runId('r1'))).toEqual(before);
      });

      test('a run that does not exist cannot be changed', async () => {
        expect(await memory.runs.update(runId('none'), { status: 'running' })).toBe(false);
      });

      test('an update stamps the time of the clock', async () => {
        const clocked = await harness.open(() => Date.parse('2030-01-02T03:04:05.000Z'));
        await clocked.runs.insert(createRun('r1'));
        await clocked.runs.update(runId('r1'), { status: 'running' });
        expect((await clocked.runs.find(runId('r1')))?.updatedAt).toBe('2030-01-02T03:04:05.000Z');
      });

      test('pages hold every run once, newest first, though many share a time', async () => {
        const ids = Array.from({ length: 23 }, (_, index) => `r${String(index).padStart(2, '0')}`);
        for (const [index, id] of ids.entries()) {
          await memory.runs.insert({ ...createRun(id), createdAt: `2026-01-01T00:00:0${Math.floor(index / 6)}.000Z` });
        }
        expect(await listAll(memory, 5)).toEqual(ids.toReversed());
        expect(await listAll(memory, 23)).toEqual(ids.toReversed());
      });

      test('a run inserted between two pages neither repeats nor hides another', async () => {
        for (const id of ['a', 'b', 'c', 'd']) await memory.runs.insert(createRun(id));
        const first = await memory.runs.list({ limit: 2 });
        await memory.runs.insert({ ...createRun('new'), createdAt: '2027-01-01T00:00:00.000Z' });
        const second = await memory.runs.list({ limit: 2, cursor: first.nextCursor ?? '' });
        expect([...first.runs, ...second.runs].map((run) => run.id)).toEqual(['d', 'c', 'b', 'a']);
        expect(second.nextCursor).toBeNull();
      });

      test('a list can be narrowed to a status', async () => {
        for (const id of ['a', 'b', 'c', 'd', 'e']) await memory.runs.insert(createRun(id));
        for (const id of ['a', 'c', 'e']) await memory.runs.update(runId(id), { status: 'failed' });
        expect(await listAll(memory, 2, 'failed')).toEqual(['e', 'c', 'a']);
        expect(await listAll(memory, 2, 'queued')).toEqual(['d', 'b']);
        expect(await listAll(memory, 2, 'completed')).toEqual([]);
      });

      test('a cursor that no page gave is rejected', async () => {
        for (const id of ['a', 'b', 'c']) await memory.runs.insert(createRun(id));
        const { nextCursor } = await memory.runs.list({ limit: 1 });
        const cursor = nextCursor ?? '';
        const forged = Buffer.from(JSON.stringify(["' OR 1=1 --", 'x', '00000000'])).toString('base64url');
        for (const bad of ['', 'x', cursor.slice(1), cursor.slice(0, -3), `${cursor}A`, swapCase(cursor), forged]) {
          await expect(memory.runs.list({ limit: 1, cursor: bad })).rejects.toMatchObject({
            type: 'RequestRejected',
            details: { field: 'cursor' },
          });
        }
      });

      test('a limit that is no page size is rejected', async () => {
        for (const limit of [0, -1, 1.5, Number.NaN, 1_000_000]) {
          await expect(memory.runs.list({ limit })).rejects.toMatchObject({ type: 'RequestRejected' });
        }
      });

      test('open runs are those that are queued or running', async () => {
        for (const id of ['a', 'b', 'c', 'd', 'e']) await memory.runs.insert(createRun(id));
        await memory.runs.update(runId('a'), { status: 'running' });
        await memory.runs.update(runId('b'), { status: 'completed' });
        await memory.runs.update(runId('c'), { status: 'cancelled' });
        expect((await memory.runs.listOpen()).map((run) => run.id)).toEqual(['a', 'd', 'e']);
        expect(await memory.runs.countOpen()).toBe(3);
      });
    });

    describeRunEvents(() => ({ harness, memory }));

    describe('node snapshots', () => {
      test('each write replaces what was there, in its order', async () => {
        expect(await memory.nodeSnapshots.read()).toEqual([]);
        await memory.nodeSnapshots.write(['c', 'a', 'b'].map(createNode));
        const other = await harness.open();
        expect(await other.nodeSnapshots.read()).toEqual(['c', 'a', 'b'].map(createNode));
        await memory.nodeSnapshots.write([createNode('b')]);
        expect(await other.nodeSnapshots.read()).toEqual([createNode('b')]);
      });
    });

    describe('what was learned of the nodes', () => {
      const entry = (name: string, url: string, knowledge: unknown): NodeKnowledge => ({
        nodeId: name as NodeId,
        url,
        knowledge,
      });

      test('is read by another process; a write replaces what is kept of its nodes and no others', async () => {
        expect(await memory.fleetKnowledge.read()).toEqual([]);
        const first = [entry('a', 'http://a', { speed: 1.5 }), entry('b', 'http://b', { models: [] })];
        await memory.fleetKnowledge.write(first);
        await memory.fleetKnowledge.write([entry('b', 'http://elsewhere', null)]);
        const other = await harness.open();
        const kept = await other.fleetKnowledge.read();
        expect(kept.toSorted((left, right) => left.nodeId.localeCompare(right.nodeId))).toEqual([
          first[0],
          entry('b', 'http://elsewhere', null),
        ]);
      });
    });

    describeNodeRegistry(() => ({ memory, harness }));

    describeDecisionLog(() => ({ memory, harness }));

    describePruning(() => ({ harness }));

    describe('ownership', () => {
      test('one holder has a duty until it lets go or its lease ends', async () => {
        let time = 1_000_000;
        const clocked = await harness.open(() => time);
        expect(await clocked.ownership.claim('fleet', 'a', 1000)).toBe(true);
        expect(await clocked.ownership.claim('fleet', 'b', 1000)).toBe(false);
        expect(await clocked.ownership.claim('other duty', 'b', 1000)).toBe(true);
        time += 900;
        expect(await clocked.ownership.claim('fleet', 'a', 1000)).toBe(true);
        time += 900;
        expect(await clocked.ownership.claim('fleet', 'b', 1000)).toBe(false);
        time += 100;
        expect(await clocked.ownership.claim('fleet', 'b', 1000)).toBe(true);
        expect(await clocked.ownership.claim('fleet', 'a', 1000)).toBe(false);
      });

      test('a release counts only from the holder', async () => {
        await memory.ownership.claim('fleet', 'a', 60_000);
        await memory.ownership.release('fleet', 'b');
        expect(await memory.ownership.claim('fleet', 'b', 60_000)).toBe(false);
        await memory.ownership.release('fleet', 'a');
        expect(await memory.ownership.claim('fleet', 'b', 60_000)).toBe(true);
      });

      test('a dead holder does not keep a duty when the clock is set back', async () => {
        let time = 10_000_000;
        const clocked = await harness.open(() => time);
        await clocked.ownership.claim('fleet', 'dead', 1000);
        time -= 3_600_000;
        expect(await clocked.ownership.claim('fleet', 'b', 1000)).toBe(true);
      });
    });

    test('what was written is there after closing and opening again', async () => {
      const hash = await memory.artifacts.putText('kept');
      await memory.close();
      const reopened = await harness.open();
      expect(await reopened.artifacts.getText(hash)).toBe('kept');
    });

    test('a closed memory refuses with StoreUnavailable, and its subscribers fail with it', async () => {
      const reading = collect(memory, 'a', 0, () => {});
      const outcome = expect(reading).rejects.toMatchObject({ type: 'StoreUnavailable' });
      await new Promise(setImmediate);
      await memory.close();
      await memory.close();
      await outcome;
      await expect(memory.runs.countOpen()).rejects.toMatchObject({ type: 'StoreUnavailable' });
    });

    test('it describes itself', async () => {
      const { schemaVersion, sizeBytes, location } = await memory.describe();
      expect(schemaVersion).toBeGreaterThan(0);
      expect(sizeBytes).toBeGreaterThan(0);
      expect(location).not.toBe('');
    });
  });
}
