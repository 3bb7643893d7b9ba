import { beforeEach, describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { RunStatus } from '../../domain/run.ts';
import { hashText } from '../../memory/content-hash.ts';
import type { Memory } from '../../memory/ports.ts';
import { someAnswer } from './entry-samples.ts';
import { createRun, note, runId, stepKey } from './memory-fixtures.ts';
import type { MemoryHarness } from './memory-harness.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

/** What every clean-up must remove and leave. */
export function describePruning(current: () => { readonly harness: MemoryHarness }): void {
  describe('pruning', () => {
    let memory: Memory;
    let time: number;
    beforeEach(async () => {
      time = START_MS;
      memory = await current().harness.open(() => time);
    });

    /** A run with an event, and a step whose result refers to a text. */
    async function addRun(id: string, status: RunStatus): Promise<void> {
      await memory.runs.insert({ ...createRun(id), createdAt: new Date(time).toISOString() });
      await memory.events.append([note(id, 'one')]);
      const programHash = await memory.artifacts.putText(`program of ${id}`);
      await memory.steps.acceptOnce(stepKey(`${id}/step`), runId(id), { programHash });
      if (status !== 'queued') await memory.runs.update(runId(id), { status });
    }

    test('what was learned of hosts goes that nobody has used since', async () => {
      const entry = (nodeId: NodeId) => ({ nodeId, url: `http://${nodeId}`, knowledge: {} });
      await memory.fleetKnowledge.write([entry('old' as NodeId)]);
      time += 10 * DAY_MS;
      await memory.fleetKnowledge.write([entry('new' as NodeId)]);
      await memory.prune(daysFromStart(5));
      expect(await memory.fleetKnowledge.read()).toEqual([entry('new' as NodeId)]);
    });

    test('old runs go with all that is theirs, newer ones stay', async () => {
      for (let index = 0; index < 25; index += 1) await addRun(`old-${index}`, 'completed');
      time += 10 * DAY_MS;
      await addRun('new', 'failed');
      expect(await memory.prune(daysFromStart(5))).toEqual({ runs: 25, artifacts: 25 });
      expect(await memory.runs.find(runId('old-3'))).toBeUndefined();
      expect(await memory.events.read(runId('old-3'), 0, 10)).toEqual([]);
      expect(await memory.steps.find(stepKey('old-3/step'))).toBeUndefined();
      expect(await memory.artifacts.getText(hashText('program of old-3'))).toBeUndefined();
      expect(await memory.artifacts.getText(hashText('program of new'))).toBe('program of new');
      expect(await memory.events.read(runId('new'), 0, 10)).toHaveLength(1);
      expect(await memory.prune(daysFromStart(5))).toEqual({ runs: 0, artifacts: 0 });
    });

    test('an open run keeps everything that is as old as itself', async () => {
      await memory.artifacts.putText('request that only the workflow knows by its hash');
      await addRun('open', 'queued');
      time += 100 * DAY_MS;
      expect(await memory.prune(daysFromStart(90))).toEqual({ runs: 0, artifacts: 0 });
    });

    test('what a newer use refers to stays; what only an answer refers to goes, for the answer carries it', async () => {
      const remembered = await memory.artifacts.putText('remembered program');
      const kept = await memory.entries.put(someAnswer('key', 'remembered program'));
      const used = await memory.artifacts.putText('used again');
      const forgotten = await memory.artifacts.putText('forgotten');
      time += 50 * DAY_MS;
      await memory.artifacts.putText('used again');
      expect(await memory.prune(daysFromStart(40))).toEqual({ runs: 0, artifacts: 2 });
      expect(await memory.artifacts.getText(remembered)).toBeUndefined();
      expect(await memory.entries.read(kept.id)).toMatchObject({
        value: { texts: { [remembered]: 'remembered program' } },
      });
      expect(await memory.artifacts.getText(used)).toBe('used again');
      expect(await memory.artifacts.getText(forgotten)).toBeUndefined();
    });
  });
}

function daysFromStart(days: number): string {
  return new Date(START_MS + days * DAY_MS).toISOString();
}
