import { randomUUID } from 'node:crypto';
import type { EntryId } from '../../domain/ids.ts';
import type { EntryPlace, KeptEntry, NewEntry } from '../../domain/memory-entry.ts';
import { createEntryId } from '../entry-id.ts';
import type {
  EntryAnswer,
  EntryMemory,
  EntryQuery,
  EntryRecord,
  EntryRetention,
  EntryTier,
  RetentionReport,
  TierStatus,
} from '../entry-ports.ts';
import { isLive } from '../entry-schema.ts';
import type { OwnershipStore } from '../ports.ts';
import { computeOnce } from './compute-once.ts';
import { createRecordStatus } from './describe-record.ts';
import { createHitCounter, type HitCounter } from './hit-counter.ts';
import { createHotCopy, isCopied, NO_HOT_COPY, type HotCopy } from './hot-copy.ts';
import { listLive } from './list-live.ts';
import { createLongTermCopy, createNoLongTermCopy, type LongTermCopy } from './long-term-copy.ts';
import { createSingleFlight } from './single-flight.ts';
import { createTierGuard } from './tier-guard.ts';

/** L4 as the whole sees it: which vectors are in use may change while they are. */
export interface VectorTier {
  status(): Promise<TierStatus>;
  /** Empties the index and puts everything into its outbox again. Errors: those of the record. */
  rebuild(): Promise<void>;
}

/** How long a call waits for a tier before it goes on without it. */
export interface TierDeadlines {
  readonly redisReadMs: number;
  readonly redisWriteMs: number;
  readonly postgresReadMs: number;
}

export interface TieredEntriesOptions {
  readonly record: EntryRecord;
  readonly recordName: 'sqlite' | 'postgres';
  readonly ownership: OwnershipStore;
  /** L1; null when no setting names it. */
  readonly redis: EntryTier | null;
  /** L3; null when no setting names it, or it is the record. */
  readonly postgres: EntryTier | null;
  readonly vectors: VectorTier;
  readonly search: (query: EntryQuery) => Promise<EntryAnswer>;
  /** Tells the relay that there is something to carry. */
  readonly wake: () => void;
  readonly report: (sentence: string) => void;
  readonly deadlines?: TierDeadlines;
  /** Milliseconds since 1970, for what expires. */
  readonly now?: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsedMs?: () => number;
}

/**
 * Redis answers within 1 ms and Postgres on another continent within 200 ms; whoever needs longer is in trouble. What is
 * written follows minutes of work and may be large; it may take longer, so that the relay need not carry it to Redis.
 */
const DEADLINES: TierDeadlines = { redisReadMs: 20, redisWriteMs: 100, postgresReadMs: 300 };

/** The options as they are used, and the copies. */
interface Tiers extends TieredEntriesOptions {
  readonly hot: HotCopy;
  readonly longTerm: LongTermCopy;
  readonly hits: HitCounter;
  readonly now: () => number;
  readonly elapsedMs: () => number;
}

/**
 * All tiers as one. Reads go to L1, the record, L3; changes to the record, then to L1, and to the others by the relay.
 * The record has no deadline but its own: what it does not say nobody else can.
 */
export function createTieredEntries(options: TieredEntriesOptions): EntryMemory {
  const tiers = connectTiers(options);
  const { record, ownership, hot, longTerm, vectors, hits, now, elapsedMs } = tiers;
  const flights = createSingleFlight<KeptEntry>();
  const recordStatus = createRecordStatus({ record, name: options.recordName, hits, elapsedMs });
  const holder = randomUUID();
  const get = (place: EntryPlace) => (isCopied(place.kind) ? find : readRecord)(tiers, createEntryId(place));
  return {
    get,
    find: (id) => find(tiers, id),
    put: (entry) => put(tiers, entry),
    remove: (id) => remove(tiers, id),
    async getOrCompute(place, compute) {
      const id = createEntryId(place);
      const read = () => readRecord(tiers, id);
      const store = async () => put(tiers, await compute());
      return (await get(place)) ?? flights.run(id, () => computeOnce({ id, holder, ownership, read, compute: store }));
    },
    search: options.search,
    status: () => Promise.all([hot.status(), recordStatus(), longTerm.status(), vectors.status()]),
    rebuild: () => rebuild(tiers),
    retain: (retention, dryRun) =>
      dryRun ? record.retain(retention, true) : change(tiers, () => retain(tiers, retention)),
    list: (filter) => listLive(record, filter, now),
    adopt: (entry) => change(tiers, () => adopt(tiers, entry)),
  };
}

function connectTiers(options: TieredEntriesOptions): Tiers {
  const { record, recordName, redis, postgres, report, deadlines = DEADLINES } = options;
  const { now = Date.now, elapsedMs = () => performance.now() } = options;
  const guardTier = (name: string, tier: EntryTier, deadlineMs: number) =>
    createTierGuard({ name, ping: (signal) => tier.ping(signal), deadlineMs, report, elapsedMs });
  const { redisReadMs, redisWriteMs: writeDeadlineMs, postgresReadMs } = deadlines;
  const connectHot = (tier: EntryTier) =>
    createHotCopy({ tier, guard: guardTier('Redis', tier, redisReadMs), record, writeDeadlineMs, now, elapsedMs });
  const connectLongTerm = (tier: EntryTier) =>
    createLongTermCopy({ tier, guard: guardTier('Postgres', tier, postgresReadMs), record });
  const whyNoLongTerm = recordName === 'postgres' ? 'Postgres is the record.' : '';
  return {
    ...options,
    now,
    elapsedMs,
    hits: createHitCounter(),
    hot: redis === null ? NO_HOT_COPY : connectHot(redis),
    longTerm: postgres === null ? createNoLongTermCopy(whyNoLongTerm) : connectLongTerm(postgres),
  };
}

async function find(tiers: Tiers, id: EntryId): Promise<KeptEntry | undefined> {
  const { record, hot, longTerm, hits, now } = tiers;
  const { entry, isMissing } = await hot.read(id);
  if (entry !== undefined) return entry;
  const stored = await record.read(id);
  const isFound = stored !== undefined && isLive(stored, now());
  hits.count(isFound);
  if (isFound && isMissing) hot.offer(stored);
  if (isFound) return stored;
  // What the record knows to be deleted or expired does not come back from an older copy.
  if (stored !== undefined || !(await longTerm.recover(id))) return undefined;
  return readRecord(tiers, id);
}

async function readRecord({ record, now }: Tiers, id: EntryId): Promise<KeptEntry | undefined> {
  const stored = await record.read(id);
  return stored !== undefined && isLive(stored, now()) ? stored : undefined;
}

/** A change of the record. Whatever goes wrong, it may have been made: then L1 has missed it. */
async function change<Outcome>({ hot, wake }: Tiers, make: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await make();
  } catch (error) {
    hot.distrust();
    throw error;
  } finally {
    wake();
  }
}

async function put(tiers: Tiers, entry: NewEntry): Promise<KeptEntry> {
  return change(tiers, async () => {
    if (isCopied(entry.kind)) await recoverUnknown(tiers, createEntryId(entry));
    const kept = await tiers.record.put(entry);
    await tiers.hot.write(kept);
    return kept;
  });
}

/** A second call after a time-out finds only the tombstone, and still has to tell L1. */
async function remove(tiers: Tiers, id: EntryId): Promise<boolean> {
  return change(tiers, async () => {
    await recoverUnknown(tiers, id);
    const isRemoved = await tiers.record.remove(id);
    const tombstone = await tiers.record.read(id);
    if (tombstone !== undefined) await tiers.hot.write(tombstone);
    return isRemoved;
  });
}

/** A change of what only L3 has must get a higher version than it has there, or L3 would refuse it. */
async function recoverUnknown({ record, longTerm }: Tiers, id: EntryId): Promise<void> {
  if ((await record.read(id)) === undefined) await longTerm.recover(id);
}

async function adopt({ record, hot }: Tiers, entry: KeptEntry): Promise<boolean> {
  const isNew = await record.adopt(entry);
  if (isNew) await hot.write(entry);
  return isNew;
}

async function retain({ record, hot }: Tiers, retention: EntryRetention): Promise<RetentionReport> {
  const report = await record.retain(retention, false);
  hot.distrust();
  return report;
}

/** L3 is not emptied: it may keep what the record has lost. What it has is replaced by what is newer. */
async function rebuild({ record, redis, postgres, hot, vectors, wake }: Tiers): Promise<void> {
  if (redis !== null) {
    await hot.wipe();
    await record.restart('redis');
    hot.distrust();
  }
  if (postgres !== null) await record.restart('postgres');
  await vectors.rebuild();
  wake();
}
