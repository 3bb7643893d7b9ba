import { expect, test } from 'vitest';

import type { NodeSnapshot } from '../../domain/node.ts';
import { createSnapshotPublisher } from '../../workers/publish-snapshots.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';
import { aNodeSnapshot } from '../support/node-snapshots.ts';

const NODE = aNodeSnapshot({ seenAt: '2026-11-23T16:00:00.000Z' });

function createPublisher() {
  const written: (readonly NodeSnapshot[])[] = [];
  const state = { nowMs: 1_000_000, storeWorks: true };
  const store = {
    read: async () => written.at(-1) ?? [],
    async write(nodes: readonly NodeSnapshot[]) {
      if (!state.storeWorks) throw new Error('the disk is full');
      written.push(nodes);
    },
  };
  return { written, state, publish: createSnapshotPublisher(store, () => state.nowMs) };
}

test('a change is written at once, and nothing is written twice', async () => {
  const { written, publish } = createPublisher();
  await publish([NODE]);
  await publish([NODE]);
  expect(written).toEqual([[NODE]]);
  const busy = { ...NODE, busySlots: 1 };
  await publish([busy]);
  await publish([busy, { ...busy, id: nodeId('other') }]);
  expect(written.map((nodes) => nodes.map((node) => node.busySlots))).toEqual([[0], [1], [1, 1]]);
});

test('that a host was seen again is written every ten seconds', async () => {
  const { written, state, publish } = createPublisher();
  await publish([NODE]);
  const seenAgain = { ...NODE, seenAt: '2026-11-23T16:00:05.000Z' };
  state.nowMs += 9_999;
  await publish([seenAgain]);
  expect(written).toHaveLength(1);
  state.nowMs += 1;
  await publish([seenAgain]);
  expect(written.at(-1)).toEqual([seenAgain]);
});

test('what could not be written is written the next time', async () => {
  const { written, state, publish } = createPublisher();
  state.storeWorks = false;
  await expect(publish([NODE])).rejects.toThrow('the disk is full');
  state.storeWorks = true;
  await publish([NODE]);
  expect(written).toEqual([[NODE]]);
});
