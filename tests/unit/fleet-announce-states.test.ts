import { expect, test } from 'vitest';

import { createStateAnnouncer, type NodeStateChange } from '../../fleet/health/announce-states.ts';
import { nodeAnswered, nodeIsDown, unknownNode, type NodeFacts } from '../../fleet/health/node-facts.ts';
import { createManualClock } from './fleet-manual-clock.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';

function announce() {
  const clock = createManualClock();
  const told: NodeStateChange[] = [];
  const toldAtMs: number[] = [];
  const announcer = createStateAnnouncer(clock, (change) => {
    told.push(change);
    toldAtMs.push(clock.now());
  });
  let facts: NodeFacts = unknownNode({ id: nodeId('gpu'), url: 'http://gpu:11434', slots: 1 });
  const see = (state: 'up' | 'down'): void => {
    facts = state === 'up' ? nodeAnswered(facts, '1.0', clock.now()) : nodeIsDown(facts, 'refused', clock.now());
    announcer.note(facts);
  };
  return { clock, told, toldAtMs, announcer, see };
}

const states = (told: readonly NodeStateChange[]): string[] => told.map(({ state }) => state);

test('the first state of a node is not told, a change is told at once, with the reason', () => {
  const { told, see } = announce();
  see('up');
  see('up');
  expect(told).toEqual([]);
  see('down');
  see('down');
  expect(told).toEqual([{ nodeId: 'gpu', state: 'down', problem: 'refused', changes: 1 }]);
});

test('a node that flaps every 2 s is told of once in 10 s at most, and its last state in the end', async () => {
  const { clock, told, toldAtMs, see } = announce();
  see('up');
  for (let second = 0; second < 60; second += 2) {
    see(second % 4 === 0 ? 'down' : 'up');
    await clock.advance(2_000);
  }
  expect(told.length).toBeGreaterThan(1);
  const pausesMs = toldAtMs.slice(1).map((atMs, place) => atMs - (toldAtMs[place] ?? 0));
  expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(10_000);
  see('down');
  await clock.advance(10_000);
  expect(states(told).at(-1)).toBe('down');
  expect(told.some(({ changes }) => changes > 1)).toBe(true);
});

test('a node that came back before it could be told of again says nothing', async () => {
  const { clock, told, see } = announce();
  for (const state of ['up', 'down', 'up', 'down'] as const) see(state);
  await clock.advance(20_000);
  expect(states(told)).toEqual(['down']);
});

test('forgetting a node and closing leave no timer', () => {
  const { clock, announcer, see } = announce();
  for (const state of ['up', 'down', 'up'] as const) see(state);
  expect(clock.pendingTimers()).toBe(1);
  announcer.close();
  expect(clock.pendingTimers()).toBe(0);
});
