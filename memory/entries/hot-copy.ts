import type { EntryId } from '../../domain/ids.ts';
import type { EntryKind, KeptEntry, MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryRecord, EntryTier, TierStatus } from '../entry-ports.ts';
import { isLive } from '../entry-schema.ts';
import { describeCopy, describeMissingCopy } from './describe-copy.ts';
import { createHitCounter } from './hit-counter.ts';
import { createSecondHits } from './second-hits.ts';
import type { TierGuard } from './tier-guard.ts';
import { createTrust } from './trust.ts';
import { withinDeadline } from './within-deadline.ts';

/** What the hot copy says: an entry, or whether it would be worth giving it one. */
export interface HotAnswer {
  readonly entry: KeptEntry | undefined;
  /** It was asked and has nothing that can be served. */
  readonly isMissing: boolean;
}

/** L1: what was written or read lately, as new as the record or not used. No call rejects. */
export interface HotCopy {
  read(id: EntryId): Promise<HotAnswer>;
  /** Takes in what the record has confirmed. */
  write(entry: MemoryEntry): Promise<void>;
  /** The record has served what is missing here; the second time it is stored, while nobody waits. */
  offer(entry: KeptEntry): void;
  /** The record may have changed without it. */
  distrust(): void;
  wipe(): Promise<void>;
  status(): Promise<TierStatus>;
}

export interface HotCopyOptions {
  readonly tier: EntryTier;
  readonly guard: TierGuard;
  readonly record: EntryRecord;
  readonly writeDeadlineMs: number;
  readonly now: () => number;
  readonly elapsedMs: () => number;
}

/** A million keys of a server that is also used by others. */
const WIPE_DEADLINE_MS = 10_000;

const NOTHING: HotAnswer = { entry: undefined, isMissing: false };

/** In place of a copy where there is none. */
export const NO_HOT_COPY: HotCopy = {
  read: async () => NOTHING,
  write: async () => {},
  offer: () => {},
  distrust: () => {},
  wipe: async () => {},
  status: async () => describeMissingCopy('L1', 'redis', ''),
};

/** Embeddings have no rows in the outbox, so nothing would show that a copy of them is behind. */
export function isCopied(kind: EntryKind): boolean {
  return kind !== 'embedding';
}

/**
 * Invariant: what it serves is no older than the last change that this process has confirmed to anybody. It is asked only
 * while the outbox holds nothing for it, and a change that it may have missed ends that at once.
 */
export function createHotCopy(options: HotCopyOptions): HotCopy {
  const { tier, guard, record, writeDeadlineMs, now, elapsedMs } = options;
  const hits = createHitCounter();
  const trust = createTrust(record, 'redis', elapsedMs);
  const isSecondHit = createSecondHits(elapsedMs);
  // A server that is back is used at once, however long it was to rest.
  tier.onReturn?.(() => void guard.look());
  const store = (entry: MemoryEntry) => guard.attempt(({ signal }) => tier.write([entry], signal), writeDeadlineMs);
  return {
    async read(id) {
      if (!(await trust.isTrusted())) return NOTHING;
      // Without a signal, which would take half as long to make as the answer: there is nothing to be freed.
      const answer = await guard.attempt(() => tier.read(id));
      if (!answer.isAnswered) return NOTHING;
      // A tombstone is no answer: what came after it may not have been hot.
      const entry = answer.value !== undefined && isLive(answer.value, now()) ? answer.value : undefined;
      hits.count(entry !== undefined);
      return { entry, isMissing: entry === undefined };
    },
    async write(entry) {
      if (isCopied(entry.kind) && !(await store(entry)).isAnswered) trust.lose();
    },
    offer(entry) {
      if (isCopied(entry.kind) && isSecondHit(entry.id)) void store(entry);
    },
    distrust: () => trust.lose(),
    async wipe() {
      trust.lose();
      await withinDeadline(({ signal }) => tier.wipe(signal), WIPE_DEADLINE_MS).catch(() => {});
    },
    status: () => describeCopy({ level: 'L1', tier, guard, record, hits }),
  };
}
