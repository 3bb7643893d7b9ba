import { describe, expect, test } from 'vitest';

import { estimateMemory } from '../../fleet/model-memory/estimate-memory.ts';
import { readContextTokens, readMemoryShape } from '../../models/model-info.ts';

const LLAMA = {
  'general.architecture': 'llama',
  'llama.context_length': 131_072,
  'llama.block_count': 32,
  'llama.embedding_length': 4096,
  'llama.attention.head_count': 32,
  'llama.attention.head_count_kv': 8,
};

describe('what a host says of how a model is built', () => {
  test('gives the memory of a token of context: keys and values of all layers and heads, two bytes each', () => {
    expect(readMemoryShape(LLAMA)?.contextBytesPerToken).toBe(32 * 8 * 256 * 2);
    expect(readContextTokens(LLAMA)).toBe(131_072);
  });

  test('counts with the lengths of keys and values where they are given, and all heads where none are shared', () => {
    const { 'llama.attention.head_count_kv': _shared, ...unshared } = LLAMA;
    expect(readMemoryShape(unshared)?.contextBytesPerToken).toBe(32 * 32 * 256 * 2);
    const given = { ...LLAMA, 'llama.attention.key_length': 256, 'llama.attention.value_length': 64 };
    expect(readMemoryShape(given)?.contextBytesPerToken).toBe(32 * 8 * 320 * 2);
  });

  test('counts layer by layer where layers differ', () => {
    const mixed = { ...LLAMA, 'llama.attention.head_count_kv': [0, 8, 0, 8] };
    expect(readMemoryShape(mixed)?.contextBytesPerToken).toBe(16 * 256 * 2);
  });

  test('gives the buffers that Ollama reserves, which for a small model are within 3 % of what it says it takes', () => {
    // SmolLM2 135M, of which Ollama 0.6.5 with four slots said 225,015,552, 466,321,152 and 1,554,743,040 bytes.
    const shape = readMemoryShape({
      'general.architecture': 'llama',
      'llama.block_count': 30,
      'llama.embedding_length': 576,
      'llama.attention.head_count': 9,
      'llama.attention.head_count_kv': 3,
      'llama.vocab_size': 49_152,
    });
    const model = { name: 'smollm2', sizeBytes: 98_363_444, family: 'llama', parameterSize: '135M' };
    for (const [contextTokens, said] of [
      [256, 225_015_552],
      [2048, 466_321_152],
      [8192, 1_554_743_040],
    ] as const) {
      const { needBytes } = estimateMemory(
        { ...model, ...(shape && { memoryShape: shape }) },
        { contextTokens, slots: 4 },
      );
      expect(Math.abs(needBytes / said - 1)).toBeLessThan(0.03);
    }
  });

  test.each([
    ['nothing', {}],
    ['no architecture', { 'llama.block_count': 32 }],
    ['no layers', { ...LLAMA, 'llama.block_count': null }],
    ['no heads', { ...LLAMA, 'llama.attention.head_count': 0 }],
    ['words for numbers', { ...LLAMA, 'llama.embedding_length': '4096' }],
    ['an empty list of heads', { ...LLAMA, 'llama.attention.head_count_kv': [] }],
    ['a list of words', { ...LLAMA, 'llama.attention.head_count_kv': ['many'] }],
  ])('says nothing of %s', (_name, info) => {
    expect(readMemoryShape(info)).toBeUndefined();
  });
});
