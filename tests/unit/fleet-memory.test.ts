import { describe, expect, test } from 'vitest';

import type { NodeAddress, ResidentModel } from '../../domain/node.ts';
import { estimateMemory } from '../../fleet/model-memory/estimate-memory.ts';
import { hostMemory } from '../../fleet/model-memory/host-memory.ts';
import { unknownNode } from '../../fleet/health/node-facts.ts';
import { learnVram, NO_VRAM_SEEN, vramCapacity, type VramKnowledge } from '../../fleet/model-memory/vram-capacity.ts';
import { aResidentModel } from '../support/node-snapshots.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';
import { model } from './fleet-scripted-hosts.ts';

const GIB = 1024 ** 3;
const ADDRESS: NodeAddress = { id: nodeId('gpu'), url: 'http://gpu:11434', slots: 1 };

function resident(name: string, gib: number, vramGib = gib): ResidentModel {
  return aResidentModel(name, { sizeBytes: gib * GIB, vramBytes: vramGib * GIB });
}

describe('the estimated need of a model', () => {
  // Llama 3.1 8B: 32 layers, 8 heads of 128 for keys and values, 2 bytes each.
  const LLAMA = model('llama3.1:8b', {
    sizeBytes: 4.92e9,
    contextTokens: 131_072,
    memoryShape: {
      contextBytesPerToken: 32 * 8 * (128 + 128) * 2,
      workingBytesPerToken: 64 * 1024,
      leastWorkingBytes: 0.25 * GIB,
    },
  });

  test('is its weights, its context for each slot, and buffers', () => {
    const at8k = estimateMemory(LLAMA, { contextTokens: 8192, slots: 1 });
    // A GiB of context at 8k, half a GiB to compute with.
    expect(at8k.needBytes - LLAMA.sizeBytes).toBe(1.5 * GIB);
    expect(estimateMemory(LLAMA, { contextTokens: 8192, slots: 4 }).needBytes - at8k.needBytes).toBe(4.5 * GIB);
    const short = estimateMemory(LLAMA, { contextTokens: 64, slots: 1 });
    expect(short.needBytes - LLAMA.sizeBytes).toBe(0.25 * GIB + 64 * 128 * 1024);
    expect(at8k.why).toBe('weights, 8192 tokens of context and buffers');
  });

  test('counts no more context than the model can have', () => {
    const short = { ...LLAMA, contextTokens: 2048 };
    expect(estimateMemory(short, { contextTokens: 8192, slots: 1 }).needBytes - short.sizeBytes).toBe(0.5 * GIB);
  });

  test('is a multiple of the file, with the reason, where the host does not say how the model is built', () => {
    const estimate = estimateMemory(model('a', { sizeBytes: 1e9 }), { contextTokens: 8192, slots: 1 });
    expect(estimate).toEqual({
      needBytes: 1.3e9,
      why: '1.3 times its file: the host does not say how it is built',
    });
  });
});

describe('the size of graphics memory', () => {
  const seen = (...looks: readonly (readonly ResidentModel[])[]): VramKnowledge =>
    looks.reduce(learnVram, NO_VRAM_SEEN);
  const capacity = (known: VramKnowledge) => vramCapacity(known, ADDRESS);

  test('is at least the most that was seen in use', () => {
    const known = seen([resident('a', 4)], [resident('a', 4), resident('b', 6)], []);
    expect(capacity(known)).toEqual({ vramBytes: 10 * GIB, vramSource: 'learned', isCertain: false });
  });

  test('is known once a model finds no room for all of it', () => {
    const known = seen([resident('a', 4)], [resident('a', 4), resident('b', 10, 7)]);
    expect(capacity(known)).toEqual({ vramBytes: 11 * GIB, vramSource: 'learned', isCertain: true });
  });

  test('is what the latest spill says, but a model that merely stays spilled says nothing new', () => {
    const full = [resident('a', 4), resident('b', 10, 7)];
    expect(capacity(seen(full, [resident('b', 10, 7)])).vramBytes).toBe(11 * GIB);
    // Another program has taken a part of it since.
    expect(capacity(seen(full, [], [resident('b', 10, 5)])).vramBytes).toBe(5 * GIB);
    expect(capacity(seen(full, [], [resident('b', 10, 5)], [resident('b', 10, 8)])).vramBytes).toBe(8 * GIB);
  });

  test('is not known of a host whose models all lie in ordinary memory', () => {
    const known = seen([resident('a', 4, 0)], [resident('a', 4, 0), resident('b', 2, 0)]);
    expect(capacity(known)).toEqual({ vramBytes: null, vramSource: null, isCertain: false });
    expect(known.spilled).toEqual([]);
  });

  test('is what the operator says, whatever was seen', () => {
    const known = seen([resident('a', 10, 7)]);
    const given = { ...ADDRESS, vramBytes: 24 * GIB };
    expect(vramCapacity(known, given)).toEqual({ vramBytes: 24 * GIB, vramSource: 'operator', isCertain: true });
  });
});

describe('what the scheduler is told of memory', () => {
  const SHAPE = { contextBytesPerToken: 1024, workingBytesPerToken: 1, leastWorkingBytes: GIB };
  const models = [model('a', { sizeBytes: 2 * GIB, memoryShape: SHAPE }), model('b', { sizeBytes: 4 * GIB })];
  const facts = { ...unknownNode({ ...ADDRESS, vramBytes: 12 * GIB }), models, residentModels: [resident('a', 3)] };

  test('is what is free, what lies there, and what others would take', () => {
    const memory = hostMemory(facts, NO_VRAM_SEEN);
    expect(memory?.freeBytes).toBe(9 * GIB);
    expect(memory?.needBytes('A:latest', 4096)).toBe(3 * GIB);
    expect(memory?.needBytes('b', 4096)).toBeCloseTo(4 * 1.3 * GIB, -1);
    expect(memory?.needBytes('elsewhere', 4096)).toBeNull();
  });

  test('of a model that lies there with another context is an estimate', () => {
    expect(hostMemory(facts, NO_VRAM_SEEN)?.needBytes('a', 8192)).toBe(3 * GIB + 8 * 1024 ** 2);
  });

  test('leaves open what is free while the size is only a lower bound, and is nothing without a graphics card', () => {
    const bare = { ...facts, address: ADDRESS };
    expect(hostMemory(bare, learnVram(NO_VRAM_SEEN, bare.residentModels))?.freeBytes).toBeNull();
    expect(hostMemory(bare, NO_VRAM_SEEN)).toBeNull();
  });
});
