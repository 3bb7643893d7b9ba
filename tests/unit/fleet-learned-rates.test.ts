import { describe, expect, test } from 'vitest';

import type { NodeId } from '../../domain/ids.ts';
import { RateBook, type RateSample } from '../../fleet/learned-rates.ts';

const GPU_1 = 'gpu-1' as NodeId;
const GPU_2 = 'gpu-2' as NodeId;
const GPU_3 = 'gpu-3' as NodeId;

function sample(completionTokensPerSecond: number, loadSeconds: number | null = null): RateSample {
  return {
    promptTokens: 1000,
    promptMs: 500,
    completionTokens: 100,
    decodeMs: 100_000 / completionTokensPerSecond,
    loadMs: loadSeconds === null ? null : loadSeconds * 1000,
  };
}

function createBook(): RateBook {
  const book = new RateBook();
  book.setModelSizes([
    { name: 'small', sizeBytes: 1e9 },
    { name: 'medium', sizeBytes: 4e9 },
    { name: 'large', sizeBytes: 8e9 },
  ]);
  return book;
}

function decodeSpeed(book: RateBook, nodeId: NodeId, model: string): number {
  return 1 / book.estimate(nodeId, model).completionSecondsPerToken;
}

describe('learned rates', () => {
  test('nothing is learned before something was measured', () => {
    const nothing = { promptTokensPerSecond: null, completionTokensPerSecond: null, loadSeconds: null };
    expect(createBook().learned(GPU_1, 'small')).toEqual(nothing);
  });

  test('what was measured is what is expected, under both spellings of the name', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(50, 3));
    expect(book.learned(GPU_1, 'small:latest')).toEqual({
      promptTokensPerSecond: 2000,
      completionTokensPerSecond: 50,
      loadSeconds: 3,
    });
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(50);
  });

  test('after 20 newer samples an old one weighs half', () => {
    const book = createBook();
    for (let count = 0; count < 400; count++) book.record(GPU_1, 'small', sample(100, 1));
    for (let count = 0; count < 20; count++) book.record(GPU_1, 'small', sample(100, 3));
    expect(book.learned(GPU_1, 'small').loadSeconds).toBeCloseTo(2, 2);
  });

  test('durations of zero and missing counts teach nothing', () => {
    const book = createBook();
    book.record(GPU_1, 'small', { promptTokens: 0, promptMs: 5, completionTokens: 5, decodeMs: 0, loadMs: 0 });
    expect(book.learned(GPU_1, 'small').completionTokensPerSecond).toBeNull();
    expect(Number.isFinite(book.estimate(GPU_1, 'small').loadSeconds)).toBe(true);
  });

  test('an unmeasured model is scaled by bytes from the nearest one of the same host', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(999));
    book.record(GPU_1, 'large', sample(10, 16));
    book.record(GPU_2, 'medium', sample(500));
    expect(decodeSpeed(book, GPU_1, 'medium')).toBeCloseTo(20);
    expect(book.estimate(GPU_1, 'medium').loadSeconds).toBeCloseTo(8);
  });

  test('an unmeasured host takes the median of the fleet for the model, then for all models by bytes', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(80));
    book.record(GPU_2, 'small', sample(60));
    expect(decodeSpeed(book, GPU_3, 'small')).toBeCloseTo(80);
    expect(decodeSpeed(book, GPU_3, 'large')).toBeCloseTo(10);
  });

  test('with nothing measured, larger models are expected to be slower and to load longer', () => {
    const book = createBook();
    expect(decodeSpeed(book, GPU_1, 'medium')).toBeCloseTo(20);
    expect(book.estimate(GPU_1, 'medium').loadSeconds).toBeCloseTo(8);
    expect(book.estimate(GPU_1, 'large').loadSeconds).toBeCloseTo(16);
  });

  test('a forgotten host is judged by the others again', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(5));
    book.record(GPU_2, 'small', sample(60));
    book.forget(GPU_1);
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(60);
  });
});
