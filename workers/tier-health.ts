import { setTimeout as delay } from 'node:timers/promises';
import type { PartHealth } from '../api/reports.ts';
import type { EntryMemory, TierStatus } from '../memory/entry-ports.ts';
import { adviseTier, describeOffTier, describeUpTier, joinSentences } from './advise-tier.ts';

/** A look at a copy takes a second at most, and counting it another; a health check that hangs is no health check. */
const ANSWER_MS = 2_500;

/**
 * One part per tier of memory. Only the system of record is required: without the others answers cost more time or find less.
 * A tier that no setting names is no fault.
 */
export async function checkTiers(entries: Pick<EntryMemory, 'status'>): Promise<readonly PartHealth[]> {
  try {
    const answered = new AbortController();
    const late = delay(ANSWER_MS, undefined, { signal: answered.signal }).then(() => {
      throw new Error(`no answer within ${ANSWER_MS / 1_000} s`);
    });
    const tiers = await Promise.race([entries.status(), late]).finally(() => answered.abort());
    return tiers.map(toPart);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    // Whether the record works is told by the part `memory`, too.
    return [{ name: 'memory tiers', required: false, healthy: false, detail }];
  }
}

function toPart(tier: TierStatus): PartHealth {
  return {
    name: `memory ${tier.tier} ${tier.name}`,
    required: tier.isRecord,
    healthy: tier.state !== 'down',
    detail: describeState(tier),
  };
}

function describeState(tier: TierStatus): string {
  switch (tier.state) {
    case 'up':
      return joinSentences('Up', describeUpTier(tier));
    case 'off':
      return joinSentences('Off', describeOffTier(tier));
    case 'down':
      return joinSentences(tier.detail, adviseTier(tier));
    default:
      return tier.state satisfies never;
  }
}
