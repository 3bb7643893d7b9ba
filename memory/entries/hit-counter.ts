import type { TierReads } from '../entry-ports.ts';

/** How many of the reads of a tier it answered. */
export interface HitCounter {
  count(isHit: boolean): void;
  /** From 0 to 1; null before the first read. */
  rate(): number | null;
  reads(): TierReads;
}

export function createHitCounter(): HitCounter {
  let reads = 0;
  let hits = 0;
  return {
    count(isHit) {
      reads += 1;
      if (isHit) hits += 1;
    },
    rate: () => (reads === 0 ? null : hits / reads),
    reads: () => ({ hits, misses: reads - hits }),
  };
}
