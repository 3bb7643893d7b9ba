import { describe, expect, test } from 'vitest';

import type { NodeAddress } from '../../domain/node.ts';
import type { NodeKnowledge } from '../../domain/node-knowledge.ts';
import { FleetKnowledge } from '../../fleet/learning/fleet-knowledge.ts';
import { unknownNode } from '../../fleet/health/node-facts.ts';
import { createKnowledgeKeeper } from '../../workers/keep-knowledge.ts';
import { aResidentModel } from '../support/node-snapshots.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';

const GPU: NodeAddress = { id: nodeId('gpu'), url: 'http://gpu:11434', slots: 1 };
const SAMPLE = { promptTokens: 1000, promptMs: 500, completionTokens: 100, decodeMs: 2_000, loadMs: 3_000 };

/** Knowledge of one host that was measured and seen full. */
function measured(): FleetKnowledge {
  const knowledge = new FleetKnowledge(() => 1_000);
  knowledge.begin(GPU);
  knowledge.rates.record(GPU.id, 'coder', SAMPLE);
  const residentModels = [aResidentModel('coder', { sizeBytes: 8e9, vramBytes: 6e9 })];
  knowledge.noteMemory({ ...unknownNode(GPU), state: 'up', residentModels });
  return knowledge;
}

const asKept = (knowledge: FleetKnowledge): readonly NodeKnowledge[] =>
  JSON.parse(JSON.stringify(knowledge.entries())) as readonly NodeKnowledge[];

function restored(kept: readonly NodeKnowledge[], node: NodeAddress = GPU): FleetKnowledge {
  const knowledge = new FleetKnowledge(() => 2_000, kept);
  knowledge.begin(node);
  return knowledge;
}

describe('what was learned of a host', () => {
  test('is known after a restart: speeds, size of memory, and that a model did not fit', () => {
    const next = restored(asKept(measured()));
    expect(next.rates.learned(GPU.id, 'coder')).toEqual(measured().rates.learned(GPU.id, 'coder'));
    expect(next.vram(GPU.id)).toEqual({ largestBytes: 6e9, fullBytes: 6e9, spilled: ['coder 4096'] });
    expect(next.entries()).toEqual(asKept(measured()));
  });

  test('is not laid to the charge of another machine under the same name', () => {
    const next = restored(asKept(measured()), { ...GPU, url: 'http://other:11434' });
    expect(next.rates.learned(GPU.id, 'coder').samples).toBe(0);
    expect(next.vram(GPU.id).fullBytes).toBeNull();
    expect(next.entries()).toEqual([]);
  });

  test('is dropped when the host gets another address while it is used', () => {
    const knowledge = measured();
    knowledge.begin({ ...GPU, url: 'http://other:11434' });
    expect(knowledge.rates.learned(GPU.id, 'coder').samples).toBe(0);
    expect(knowledge.vram(GPU.id).fullBytes).toBeNull();
  });

  test('comes back with a host that went away', () => {
    const knowledge = measured();
    knowledge.end(GPU.id);
    knowledge.rates.forget(GPU.id);
    expect(knowledge.entries()).toEqual([]);
    knowledge.begin(GPU);
    expect(knowledge.rates.learned(GPU.id, 'coder').samples).toBe(1);
  });

  test.each([
    ['of another version', (kept: object) => ({ ...kept, version: 2 })],
    ['that is damaged', (kept: object) => ({ ...kept, models: { coder: { whole: 'fast' } } })],
    ['that is nothing', () => null],
  ])('%s is as if there were none', (_name, damage) => {
    const kept = asKept(measured()).map((entry) => ({ ...entry, knowledge: damage(entry.knowledge as object) }));
    expect(restored(kept).rates.learned(GPU.id, 'coder').samples).toBe(0);
  });
});

describe('keeping it', () => {
  function keep() {
    const knowledge = measured();
    const state = { nowMs: 0, storeWorks: true };
    const written: (readonly NodeKnowledge[])[] = [];
    const store = {
      read: async () => [],
      write: async (entries: readonly NodeKnowledge[]) => {
        if (!state.storeWorks) throw new Error('no disk');
        written.push(entries);
      },
    };
    return {
      knowledge,
      state,
      written,
      keeper: createKnowledgeKeeper(
        store,
        () => knowledge.entries(),
        () => state.nowMs,
      ),
    };
  }

  test('writes every ten seconds at most, and only hosts of which something new is known', async () => {
    const { knowledge, state, written, keeper } = keep();
    await keeper.look();
    expect(written).toHaveLength(1);
    state.nowMs = 10_000;
    await keeper.look();
    expect(written).toHaveLength(1);
    knowledge.rates.record(GPU.id, 'coder', SAMPLE);
    state.nowMs = 19_999;
    await keeper.look();
    expect(written).toHaveLength(1);
    state.nowMs = 20_000;
    await keeper.look();
    expect(written[1]).toEqual(knowledge.entries());
  });

  test('writes at the end what is new, and what could not be written before', async () => {
    const { state, written, keeper } = keep();
    state.storeWorks = false;
    await expect(keeper.look()).rejects.toThrow('no disk');
    state.storeWorks = true;
    await keeper.finish();
    await keeper.finish();
    expect(written).toHaveLength(1);
  });
});
