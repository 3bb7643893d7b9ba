import { describe, expect, test } from 'vitest';

import { FleetKnowledge } from '../../fleet/learning/fleet-knowledge.ts';
import { MemoryLimits } from '../../fleet/model-memory/memory-limits.ts';
import { nodeId } from './fleet-scheduler-fixture.ts';

const GPU = nodeId('gpu');
const TEN_MINUTES_MS = 10 * 60_000;

function createLimits() {
  const clock = { nowMs: 1_700_000_000_000 };
  return { clock, limits: new MemoryLimits(() => clock.nowMs) };
}

describe('what did not fit into the memory of a host', () => {
  test('does not with a larger context either, and may with a smaller one, on that host alone', () => {
    const { limits } = createLimits();
    limits.note(GPU, 'coder', 8192);
    const fits = (contextTokens: number) => limits.fits(GPU, 'coder:latest', contextTokens);
    expect([fits(4096), fits(8192), fits(16_384)]).toEqual([true, false, false]);
    expect([limits.fits(GPU, 'other', 8192), limits.fits(nodeId('gpu-2'), 'coder', 8192)]).toEqual([true, true]);
    limits.note(GPU, 'coder', 4096);
    limits.note(GPU, 'coder', 32_768);
    expect(fits(4096)).toBe(false);
  });

  test('is tried again after ten minutes', () => {
    const { limits, clock } = createLimits();
    limits.note(GPU, 'coder', 8192);
    clock.nowMs += TEN_MINUTES_MS - 1;
    expect(limits.fits(GPU, 'coder', 8192)).toBe(false);
    clock.nowMs += 1;
    expect([limits.fits(GPU, 'coder', 8192), limits.of(GPU)]).toEqual([true, []]);
  });

  test('is forgotten once an answer has come with this context; one with a smaller context says nothing', () => {
    const { limits } = createLimits();
    limits.note(GPU, 'coder', 8192);
    limits.disprove(GPU, 'coder', 4096);
    expect(limits.fits(GPU, 'coder', 8192)).toBe(false);
    limits.disprove(GPU, 'coder', 8192);
    expect([limits.fits(GPU, 'coder', 8192), limits.isEmpty]).toEqual([true, true]);
  });

  test('is known after a restart, and not of another machine under the same name', () => {
    const before = new FleetKnowledge(() => 1_000);
    const address = { id: GPU, url: 'http://gpu:11434', slots: 1 };
    before.begin(address);
    before.memoryLimits.note(GPU, 'coder', 8192);
    const kept = JSON.parse(JSON.stringify(before.entries())) as ReturnType<FleetKnowledge['entries']>;
    const after = new FleetKnowledge(() => 2_000, kept);
    after.begin(address);
    expect(after.memoryLimits.fits(GPU, 'coder', 8192)).toBe(false);
    const other = new FleetKnowledge(() => 2_000, kept);
    other.begin({ ...address, url: 'http://other:11434' });
    expect(other.memoryLimits.fits(GPU, 'coder', 8192)).toBe(true);
  });
});
