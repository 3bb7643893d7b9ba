import type { EntryRecord, EntryTier, RelayLag, TierStatus } from '../entry-ports.ts';
import type { HitCounter } from './hit-counter.ts';
import type { TierGuard } from './tier-guard.ts';
import { withinDeadline } from './within-deadline.ts';

export interface DescribedCopy {
  readonly level: 'L1' | 'L3';
  readonly tier: EntryTier;
  readonly guard: TierGuard;
  readonly record: EntryRecord;
  readonly hits: HitCounter;
}

/** A large copy takes long to count; people wait this long, and then see none. */
const COUNT_DEADLINE_MS = 1_000;

/** What can be seen of a copy now. Never rejects. */
export async function describeCopy({ level, tier, guard, record, hits }: DescribedCopy): Promise<TierStatus> {
  const { isUp, reason, latencyMs } = await guard.look();
  // One that did not answer would not answer again, and people have waited once.
  const count = isUp ? withinDeadline(({ signal }) => tier.count(signal), COUNT_DEADLINE_MS) : null;
  const [entries, lag] = await Promise.all([count?.catch(() => null), record.lag(tier.name).catch(() => null)]);
  const state = isUp ? 'up' : 'down';
  const detail = reason === '' ? describeLag(level, lag) : reason;
  const read = { hitRate: hits.rate(), reads: hits.reads() };
  return {
    tier: level,
    name: tier.name,
    state,
    isRecord: false,
    detail,
    latencyMs,
    entries: entries ?? null,
    ...read,
    lag,
  };
}

/** The status of a copy that no setting names. */
export function describeMissingCopy(level: 'L1' | 'L3', name: EntryTier['name'], detail: string): TierStatus {
  const unknown = { latencyMs: null, entries: null, hitRate: null, lag: null };
  return { tier: level, name, state: 'off', isRecord: false, detail, ...unknown };
}

function describeLag(level: 'L1' | 'L3', lag: RelayLag | null): string {
  if (lag === null) return '';
  if (lag.deadLetters > 0) return `It refused ${lag.deadLetters} changes; "hydra memory rebuild" tries them again.`;
  if (lag.rows === 0) return '';
  return `${lag.rows} changes wait for it.${level === 'L1' ? ' Until it has them, the record answers.' : ''}`;
}
