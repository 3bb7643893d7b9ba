import { describe, expect, it } from 'vitest';
import type { FleetDecision } from '../../domain/fleet-decision.ts';
import { createDecisionWriter } from '../../memory/decision-writer.ts';
import type { DecisionLog, EndedDecision } from '../../memory/ports.ts';
import { aDecision } from '../support/decisions.ts';
import { waitUntil } from '../support/wait-until.ts';

const FLUSH_MS = 10;

/** A log that keeps its batches and can be taken away. */
function createLog() {
  const batches: [readonly FleetDecision[], readonly EndedDecision[]][] = [];
  const state = { isAway: false, tries: 0 };
  const log: DecisionLog = {
    async append(...batch) {
      state.tries += 1;
      if (state.isAway) throw new Error('away');
      batches.push(batch);
    },
    list: async () => [],
  };
  return { log, batches, state };
}

const ended = (leaseId: string): EndedDecision => ({ leaseId, ended: 'finished', endedAt: '', seconds: 1 });

describe('the writer of decisions', () => {
  it('stores what comes within a moment in one batch, and touches nothing while nothing comes', async () => {
    const { log, batches, state } = createLog();
    const writer = createDecisionWriter(log, FLUSH_MS);
    for (const id of ['a', 'b', 'c']) writer.noteDecision(aDecision(id));
    writer.noteOutcome(ended('a'));
    expect(state.tries).toBe(0);
    await waitUntil(() => batches.length === 1);
    expect(batches).toEqual([[[aDecision('a'), aDecision('b'), aDecision('c')], [ended('a')]]]);
    await writer.close();
    expect(state.tries).toBe(1);
  });

  it('keeps what could not be stored, in order, and at most the newest thousand', async () => {
    const { log, batches, state } = createLog();
    const writer = createDecisionWriter(log, FLUSH_MS);
    state.isAway = true;
    writer.noteDecision(aDecision('first'));
    await waitUntil(() => state.tries >= 2);
    for (let count = 0; count < 1_000; count++) writer.noteDecision(aDecision(`d${count}`));
    state.isAway = false;
    await waitUntil(() => batches.length > 0);
    await writer.close();
    const stored = batches.flatMap(([decisions]) => decisions.map(({ leaseId }) => leaseId));
    expect(stored.slice(-1_000)).toEqual(Array.from({ length: 1_000 }, (_, index) => `d${index}`));
    expect(stored.length).toBeLessThanOrEqual(1_001);
  });

  it('stores what waits when it is closed, and does not fail over a store that is away', async () => {
    const { log, batches, state } = createLog();
    const writer = createDecisionWriter(log, 60_000);
    writer.noteDecision(aDecision('a'));
    await writer.close();
    expect(batches).toHaveLength(1);
    const other = createDecisionWriter(log, 60_000);
    state.isAway = true;
    other.noteDecision(aDecision('b'));
    await other.close();
    expect(batches).toHaveLength(1);
  });
});
