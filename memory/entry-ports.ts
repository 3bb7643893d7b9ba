import type { EntryId, RunId } from '../domain/ids.ts';
import type { EntryKind, EntryPlace, KeptEntry, MemoryEntry, NewEntry, SearchedKind } from '../domain/memory-entry.ts';

/** Copies of the record, each brought up to date by the relay. `vectors` is whichever index of vectors is in use. */
export const RELAY_TARGETS = ['redis', 'postgres', 'chroma', 'sqlite-vectors'] as const;
export type RelayTarget = (typeof RELAY_TARGETS)[number];

/** A change that a copy has not confirmed yet. */
export interface OutboxRow {
  /** Rises with every change; gaps are possible. */
  readonly sequence: number;
  readonly id: EntryId;
}

/** How far a copy is behind. */
export interface RelayLag {
  readonly rows: number;
  /** ISO 8601 in UTC; null when nothing waits. */
  readonly oldestAt: string | null;
  /** Changes that the copy refused again and again; they are left out until the next rebuild. */
  readonly deadLetters: number;
}

export interface EntryFilter {
  readonly namespace?: string;
  readonly kinds?: readonly EntryKind[];
  /** What came from this run; tombstones do not say where they came from. */
  readonly runId?: RunId;
  /** Entries behind this one, in the order of their IDs. */
  readonly after?: EntryId;
  readonly limit: number;
}

/** One place in a list of hits; better ones come first. */
export interface TextHit {
  readonly id: EntryId;
}

export interface TextQuery {
  readonly namespace: string;
  readonly kinds: readonly SearchedKind[];
  /** What somebody typed or asked for: words, never an expression of the search engine. */
  readonly text: string;
  readonly limit: number;
}

/** What may stay in the record. */
export interface EntryRetention {
  /** ISO 8601 in UTC: what was last written before goes. */
  readonly before: string;
  /** Values and texts together; the oldest go first. */
  readonly limitBytes: number;
  /** ISO 8601 in UTC: tombstones older than this go, when every copy but vectors has confirmed them. */
  readonly tombstonesBefore: string;
}

export interface RetentionReport {
  readonly expired: number;
  readonly aged: number;
  readonly overLimit: number;
  readonly tombstones: number;
}

export interface EntryStats {
  /** Entries that are neither deleted nor expired, by kind. */
  readonly countByKind: Readonly<Record<EntryKind, number>>;
  readonly tombstones: number;
  readonly sizeBytes: number;
}

/**
 * The system of record: SQLite on one machine, Postgres for several. Everything else is a copy of it.
 * A change of an entry and its row in the outbox are one transaction. Errors: SynthesisFailure of type StoreUnavailable.
 */
export interface EntryRecord {
  /** Random hexadecimal digits, made with the record: tells it apart from others that use the same servers. */
  identity(): Promise<string>;
  /** Gives the next version. The same value once more changes nothing, so that a caller may repeat after a time-out. */
  put(entry: NewEntry): Promise<KeptEntry>;
  /** Takes in an entry of a copy or of an import, unless what is here has the same or a higher version. */
  adopt(entry: MemoryEntry): Promise<boolean>;
  /** As `adopt`, but not what may have been deleted here so long ago that its tombstone is gone. */
  recover(entry: MemoryEntry): Promise<boolean>;
  /** Leaves a tombstone; false when there is nothing, or only a tombstone. */
  remove(id: EntryId): Promise<boolean>;
  /** Tombstones and expired entries included. */
  read(id: EntryId): Promise<MemoryEntry | undefined>;
  readMany(ids: readonly EntryId[]): Promise<readonly MemoryEntry[]>;
  /** Tombstones and expired entries included, in the order of their IDs. */
  list(filter: EntryFilter): Promise<readonly MemoryEntry[]>;
  /** Neither deleted nor expired ones, best first. */
  searchText(query: TextQuery): Promise<readonly TextHit[]>;
  /** Names the copies that are kept now: the outbox keeps rows until each has confirmed them. A new one has everything still to come. */
  setTargets(targets: readonly RelayTarget[]): Promise<void>;
  /** Oldest first. */
  readOutbox(target: RelayTarget, limit: number): Promise<readonly OutboxRow[]>;
  /** Confirms everything up to a sequence. */
  acknowledge(target: RelayTarget, sequence: number): Promise<void>;
  /** Gives one row up for a target, with the reason. */
  bury(target: RelayTarget, row: OutboxRow, reason: string): Promise<void>;
  lag(target: RelayTarget): Promise<RelayLag>;
  /** Puts every entry into the outbox of one target again. */
  restart(target: RelayTarget): Promise<void>;
  /** With `dryRun`, only counts what would go. What goes is deleted in the copies, too. */
  retain(retention: EntryRetention, dryRun: boolean): Promise<RetentionReport>;
  stats(): Promise<EntryStats>;
}

/** A copy of entries that may be away, slow or empty at any time. Every call ends when the signal does. */
export interface EntryTier {
  readonly name: 'redis' | 'postgres';
  /** Tombstones included. Without a signal, whoever asks sees to the end of the wait. */
  read(id: EntryId, signal?: AbortSignal): Promise<MemoryEntry | undefined>;
  /** Keeps whatever has the higher version; doing it twice changes nothing. */
  write(entries: readonly MemoryEntry[], signal: AbortSignal): Promise<void>;
  ping(signal: AbortSignal): Promise<void>;
  count(signal: AbortSignal): Promise<number>;
  wipe(signal: AbortSignal): Promise<void>;
  /** Calls whenever it can be reached again; absent where that is seen only by asking. */
  onReturn?(listener: () => void): void;
  close(): Promise<void>;
}

/** Where an index keeps the vector of an entry. */
export interface VectorPlace {
  readonly id: EntryId;
  readonly namespace: string;
  readonly kind: SearchedKind;
}

export interface IndexedVector extends VectorPlace {
  readonly version: number;
  readonly vector: Float32Array;
}

export interface VectorQuery {
  readonly namespace: string;
  readonly kinds: readonly SearchedKind[];
  readonly vector: Float32Array;
  readonly limit: number;
}

export interface VectorHit {
  readonly id: EntryId;
  /** Cosine distance: 0 is the same direction, 2 the opposite. */
  readonly distance: number;
}

/**
 * Entries by what they mean. One index holds vectors of one embedding model and one length; another model, or another length
 * of the same model's vectors, begins an empty one. A vector of an older version never replaces a newer one.
 */
export interface VectorIndex {
  readonly name: 'chroma' | 'sqlite-vectors';
  upsert(vectors: readonly IndexedVector[], signal: AbortSignal): Promise<void>;
  remove(entries: readonly VectorPlace[], signal: AbortSignal): Promise<void>;
  /** Nearest first. */
  search(query: VectorQuery, signal: AbortSignal): Promise<readonly VectorHit[]>;
  ping(signal: AbortSignal): Promise<void>;
  /** True without any vector of its model that has this length. */
  isEmpty(vectorLength: number, signal: AbortSignal): Promise<boolean>;
  /** Vectors of its model, of all lengths. */
  count(signal: AbortSignal): Promise<number>;
  /** Removes everything, vectors of other models included. */
  wipe(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Turns texts into vectors on the fleet. */
export interface Embedder {
  /** The model that would be asked now; null when no host has one. */
  model(): Promise<string | null>;
  /** In the order of the texts. Errors: SynthesisFailure when no host answered. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
}

/** Why an answer of a search is less than it could be. */
export type Degradation = 'no-embedding-model' | 'vectors-not-ready' | 'vectors-in-sqlite' | 'no-vectors';

export interface FoundEntry {
  readonly entry: KeptEntry;
  /** Higher is better; comparable within one answer only. */
  readonly score: number;
  /** Which searches found it. */
  readonly foundBy: readonly ('text' | 'vector')[];
  /** Cosine distance; null when only the words matched. */
  readonly distance: number | null;
}

export interface EntryAnswer {
  readonly found: readonly FoundEntry[];
  /** Empty when everything was asked. */
  readonly degraded: readonly Degradation[];
}

/** `hybrid` is words and meaning together. */
export type SearchMode = 'hybrid' | 'text' | 'vector';

export interface EntryQuery extends TextQuery {
  readonly mode: SearchMode;
}

/** Reads of a tier since this process started. */
export interface TierReads {
  readonly hits: number;
  readonly misses: number;
}

/** What can be seen of one tier. */
export interface TierStatus {
  readonly tier: 'L1' | 'L2' | 'L3' | 'L4';
  readonly name: 'redis' | 'sqlite' | 'postgres' | 'chroma' | 'sqlite-vectors';
  /** `off`: no setting names it. */
  readonly state: 'up' | 'down' | 'off';
  readonly isRecord: boolean;
  /** Why it is down, or what is less than it could be. */
  readonly detail: string;
  /** Of the last call that was answered, in milliseconds. */
  readonly latencyMs: number | null;
  readonly entries: number | null;
  /** Share of reads that it answered since this process started; null before the first. */
  readonly hitRate: number | null;
  /** The same as numbers; absent where reads are not counted. */
  readonly reads?: TierReads;
  /** Null for the record itself. */
  readonly lag: RelayLag | null;
}

/** What the rest of Hydra uses: all tiers as one. A tier that fails costs time or recall, never an error. */
export interface EntryMemory {
  /** Neither deleted nor expired. Errors: only those of the record. */
  get(place: EntryPlace): Promise<KeptEntry | undefined>;
  find(id: EntryId): Promise<KeptEntry | undefined>;
  put(entry: NewEntry): Promise<KeptEntry>;
  remove(id: EntryId): Promise<boolean>;
  /** The entry, or what `compute` makes of its absence: once, however many ask, at most once more from each other process. */
  getOrCompute(place: EntryPlace, compute: () => Promise<NewEntry>): Promise<KeptEntry>;
  search(query: EntryQuery): Promise<EntryAnswer>;
  /** In the order in which they are read. */
  status(): Promise<readonly TierStatus[]>;
  /**
   * Empties L1 and L4 and fills all copies again from the record, in the background; the status shows how far it is. L3 keeps
   * what the record may have lost.
   */
  rebuild(): Promise<void>;
  retain(retention: EntryRetention, dryRun: boolean): Promise<RetentionReport>;
  /** All entries that are neither deleted nor expired, of one namespace or all. */
  list(filter: EntryFilter): AsyncIterable<KeptEntry>;
  /** Takes in an exported entry; false when what is here is as new. */
  adopt(entry: KeptEntry): Promise<boolean>;
}
