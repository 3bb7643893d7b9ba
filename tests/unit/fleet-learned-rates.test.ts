import { describe, expect, test } from 'vitest';

import type { NodeId } from '../../domain/ids.ts';
import { RateBook, type HostRecords, type RateSample } from '../../fleet/learning/learned-rates.ts';
import { aResidentModel } from '../support/node-snapshots.ts';

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
    expect(createBook().learned(GPU_1, 'small')).toEqual({
      ...nothing,
      failureShare: 0,
      samples: 0,
      parallelism: null,
    });
  });

  test('what was measured is what is expected, under both spellings of the name', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(50, 3));
    expect(book.learned(GPU_1, 'small:latest')).toEqual({
      promptTokensPerSecond: 2000,
      completionTokensPerSecond: 50,
      loadSeconds: 3,
      failureShare: 0,
      samples: 1,
      parallelism: null,
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

  test('after an hour an old sample weighs half of a new one', () => {
    let nowMs = 0;
    const book = new RateBook(() => nowMs);
    book.record(GPU_1, 'small', sample(50, 1));
    nowMs += 3_600_000;
    book.record(GPU_1, 'small', sample(50, 4));
    // Weights of one half, less what one newer sample takes, and one: nearer to the new one than their mean of 2.5.
    expect(book.learned(GPU_1, 'small').loadSeconds).toBeCloseTo((1 * 0.483 + 4) / 1.483, 2);
  });

  test.each([-1e9, 1e15])('a clock that leaps by %d ms leaves speeds that can be reckoned with', (leapMs) => {
    let nowMs = 1_700_000_000_000;
    const book = new RateBook(() => nowMs);
    book.record(GPU_1, 'small', sample(50, 2));
    nowMs += leapMs;
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(50);
    book.record(GPU_1, 'small', sample(20, 2));
    expect(decodeSpeed(book, GPU_1, 'small')).toBeLessThanOrEqual(50);
    expect(decodeSpeed(book, GPU_1, 'small')).toBeGreaterThanOrEqual(20);
  });

  test('the share of failures follows what happened lately', () => {
    const book = createBook();
    for (let count = 0; count < 3; count++) book.record(GPU_1, 'small', sample(50));
    book.recordFailure(GPU_1, 'small');
    expect(book.learned(GPU_1, 'small').failureShare).toBeCloseTo(0.25, 1);
    for (let count = 0; count < 100; count++) book.record(GPU_1, 'small', sample(50));
    expect(book.learned(GPU_1, 'small').failureShare).toBeLessThan(0.01);
    expect(book.learned(GPU_1, 'small').samples).toBe(103);
  });

  test('a model that lies in graphics memory in part only has a speed of its own', () => {
    const book = createBook();
    const whole = [aResidentModel('small')];
    const spilled = [aResidentModel('small', { vramBytes: 1 })];
    book.noteResidents(GPU_1, whole);
    book.record(GPU_1, 'small', sample(100));
    book.noteResidents(GPU_1, spilled);
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(100);
    book.record(GPU_1, 'small', sample(8));
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(8);
    book.noteResidents(GPU_1, whole);
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(100);
  });

  test('what was measured before a model was first seen in memory belongs to the state that is seen then', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(8));
    book.noteResidents(GPU_1, [aResidentModel('small', { vramBytes: 1 })]);
    expect(book.learned(GPU_1, 'small').completionTokensPerSecond).toBeCloseTo(8);
    book.noteResidents(GPU_1, [aResidentModel('small')]);
    expect(book.learned(GPU_1, 'small').completionTokensPerSecond).toBeNull();
  });

  test('other models and hosts are judged by the speed of what lies in graphics memory as a whole', () => {
    const book = createBook();
    book.noteResidents(GPU_1, [aResidentModel('small')]);
    book.record(GPU_1, 'small', sample(100));
    book.noteResidents(GPU_1, [aResidentModel('small', { vramBytes: 1 })]);
    book.record(GPU_1, 'small', sample(8));
    expect(decodeSpeed(book, GPU_1, 'medium')).toBeCloseTo(25);
    expect(decodeSpeed(book, GPU_2, 'small')).toBeCloseTo(100);
  });

  test('what is kept of a host is known again after it was restored, as JSON', () => {
    const book = createBook();
    const slot = { slots: 2, running: 2, slotWaitMs: 900, totalMs: 3_000 };
    book.record(GPU_1, 'small', { ...sample(50, 3), slot });
    book.recordFailure(GPU_1, 'small');
    const kept = JSON.parse(JSON.stringify(book.recordsOf(GPU_1))) as HostRecords;
    const other = createBook();
    other.restore(GPU_1, kept);
    expect(other.learned(GPU_1, 'small')).toEqual(book.learned(GPU_1, 'small'));
    expect(other.estimate(GPU_1, 'large')).toEqual(book.estimate(GPU_1, 'large'));
    expect(other.credits(GPU_1, 'small', 2)).toBe(1);
  });

  test('a forgotten host is judged by the others again', () => {
    const book = createBook();
    book.record(GPU_1, 'small', sample(5));
    book.record(GPU_2, 'small', sample(60));
    book.forget(GPU_1);
    expect(decodeSpeed(book, GPU_1, 'small')).toBeCloseTo(60);
  });
});
