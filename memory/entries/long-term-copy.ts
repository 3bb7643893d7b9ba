import type { EntryId } from '../../domain/ids.ts';
import type { EntryRecord, EntryTier, TierStatus } from '../entry-ports.ts';
import { HIGHEST_TAKEN_VERSION } from '../entry-schema.ts';
import { describeCopy, describeMissingCopy } from './describe-copy.ts';
import { createHitCounter } from './hit-counter.ts';
import { createSingleFlight } from './single-flight.ts';
import type { TierGuard } from './tier-guard.ts';

/** L3: entries that the record may have lost, or never had on this machine. */
export interface LongTermCopy {
  /** Takes into the record what is kept here; false when there is nothing, or nobody answers. Errors: those of the record. */
  recover(id: EntryId): Promise<boolean>;
  status(): Promise<TierStatus>;
}

export interface LongTermCopyOptions {
  readonly tier: EntryTier;
  readonly guard: TierGuard;
  readonly record: EntryRecord;
}

/** In place of a copy where there is none, with the reason. */
export function createNoLongTermCopy(reason: string): LongTermCopy {
  return { recover: async () => false, status: async () => describeMissingCopy('L3', 'postgres', reason) };
}

/** Asks once for all who miss the same entry at the same time. They read the record afterwards, so none sees an older one. */
export function createLongTermCopy({ tier, guard, record }: LongTermCopyOptions): LongTermCopy {
  const flights = createSingleFlight<boolean>();
  const hits = createHitCounter();
  return {
    recover: (id) =>
      flights.run(id, async () => {
        const answer = await guard.attempt(({ signal }) => tier.read(id, signal));
        if (!answer.isAnswered) return false;
        const copy = answer.value;
        hits.count(copy !== undefined && !copy.isDeleted);
        if (copy === undefined || copy.version > HIGHEST_TAKEN_VERSION) return false;
        // A tombstone is taken in as well: what is put later must have a higher version than it.
        return record.recover(copy);
      }),
    status: () => describeCopy({ level: 'L3', tier, guard, record, hits }),
  };
}
