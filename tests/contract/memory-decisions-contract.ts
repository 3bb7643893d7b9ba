import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import type { Memory } from '../../memory/ports.ts';
import { aDecision } from '../support/decisions.ts';
import { runId } from './memory-fixtures.ts';
import type { MemoryHarness } from './memory-harness.ts';

/** What every adapter's `DecisionLog` must do. */
export function describeDecisionLog(opened: () => { readonly memory: Memory; readonly harness: MemoryHarness }): void {
  describe('decisions of the scheduler', () => {
    const idsOf = async (memory: Memory, filter: Parameters<Memory['decisions']['list']>[0]) =>
      (await memory.decisions.list(filter)).map((decision) => decision.leaseId);

    test('are read by another process, newest first, with the outcomes that came later', async () => {
      const { memory, harness } = opened();
      const outcome = { ended: 'finished', endedAt: '2026-01-01T00:00:03.000Z', seconds: 3 };
      await memory.decisions.append([aDecision('a'), aDecision('b')], []);
      await memory.decisions.append([aDecision('c')], [{ leaseId: 'a', ...outcome }]);
      const other = await harness.open();
      expect(await other.decisions.list({ limit: 10 })).toEqual([
        aDecision('c'),
        aDecision('b'),
        aDecision('a', { outcome }),
      ]);
    });

    test('are found by run and by chosen host, a few at a time', async () => {
      const { memory } = opened();
      const [r1, gpu2] = [runId('r1'), 'gpu-2' as NodeId];
      await memory.decisions.append(
        [aDecision('a', { runId: r1 }), aDecision('b', { nodeId: gpu2 }), aDecision('c', { runId: r1, nodeId: gpu2 })],
        [],
      );
      expect(await idsOf(memory, { limit: 10, runId: r1 })).toEqual(['c', 'a']);
      expect(await idsOf(memory, { limit: 10, nodeId: gpu2 })).toEqual(['c', 'b']);
      expect(await idsOf(memory, { limit: 10, runId: r1, nodeId: gpu2 })).toEqual(['c']);
      expect(await idsOf(memory, { limit: 1 })).toEqual(['c']);
    });

    test('older than the last thousand are gone, and a late outcome brings none back', async () => {
      const { memory } = opened();
      const all = Array.from({ length: 1_500 }, (_, index) => aDecision(`d${index}`));
      for (let start = 0; start < all.length; start += 100) {
        await memory.decisions.append(all.slice(start, start + 100), []);
      }
      await memory.decisions.append([], [{ leaseId: 'd3', ended: 'finished', endedAt: '', seconds: 1 }]);
      const kept = await idsOf(memory, { limit: 2_000 });
      expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, 'd1499', 'd500']);
    });

    test('that come twice are kept once', async () => {
      const { memory } = opened();
      await memory.decisions.append([aDecision('a')], []);
      await memory.decisions.append([aDecision('a')], []);
      expect(await idsOf(memory, { limit: 10 })).toEqual(['a']);
    });
  });
}
