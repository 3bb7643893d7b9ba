import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, limitsWithin } from '../../sandbox/default-limits.ts';

const MEMORY_BYTES = 256 * 1024 * 1024;

describe('limits within a wall clock', () => {
  test('let a program compute for as long as it may run', () => {
    const limits = limitsWithin({ wallClockMs: 30_000, memoryBytes: MEMORY_BYTES });
    expect(limits).toMatchObject({ wallClockMs: 30_000, cpuMs: 30_000, memoryBytes: MEMORY_BYTES });
  });

  test('give a call a share of the run, and never less than the default', () => {
    expect(limitsWithin({ wallClockMs: 60_000, memoryBytes: MEMORY_BYTES }).callMs).toBe(6_000);
    expect(limitsWithin({ wallClockMs: 1_000, memoryBytes: MEMORY_BYTES }).callMs).toBe(DEFAULT_LIMITS.callMs);
  });

  test('leave the others as they are', () => {
    const { processes, fileBytes, outputBytes } = DEFAULT_LIMITS;
    const limits = limitsWithin({ wallClockMs: 30_000, memoryBytes: MEMORY_BYTES });
    expect(limits).toMatchObject({ processes, fileBytes, outputBytes });
  });
});
