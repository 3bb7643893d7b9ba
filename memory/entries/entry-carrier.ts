import type { MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryRecord, OutboxRow } from '../entry-ports.ts';
import type { RelaySink } from './relay-sink.ts';

/** Entries in one delivery: enough that the way there and back no longer counts, few enough to be repeated. */
const BATCH_SIZE = 200;
/** Between two looks without news: another process may have written. */
const LOOK_EVERY_MS = 1_000;
/** After a failure; doubles up to the longest. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 30_000;
/** By then a store on another machine has answered or is gone. */
const DELIVERY_TIMEOUT_MS = 30_000;
const PING_TIMEOUT_MS = 2_000;
/** So often may a copy that answers refuse an entry: the first times it may be about to fall over. */
const REFUSALS_UNTIL_BURIAL = 5;

/** Resolves after the time, or when the signal ends. */
export type Rest = (ms: number, signal: AbortSignal) => Promise<void>;

export interface EntryCarrierOptions {
  readonly record: EntryRecord;
  readonly sink: RelaySink;
  readonly report: (sentence: string) => void;
  readonly rest: Rest;
}

/** What a look at the outbox came to: nothing there, all of it taken, or something left that has to be tried again. */
type Look = 'empty' | 'carried' | 'refused';

/** A change with its entry as it is now; none when it is gone for good. */
interface Parcel {
  readonly row: OutboxRow;
  readonly entry: MemoryEntry | undefined;
}

/** Brings one copy up to date, again and again. */
export class EntryCarrier {
  readonly #options: EntryCarrierOptions;
  /** How often the copy refused a change, by its sequence. */
  readonly #refusals = new Map<number, number>();
  #failures = 0;
  #isAway = false;
  #news = new AbortController();
  #return = new AbortController();

  constructor(options: EntryCarrierOptions) {
    this.#options = options;
  }

  /** Looks at once; after a failure, when the rest is over. */
  wake(): void {
    this.#news.abort();
  }

  /** Ends the rest after a failure: the copy can be reached again. */
  retry(): void {
    this.#return.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.wake();
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      const look = await this.#look(signal);
      if (look === 'empty') await this.#waitForNews();
      if (look === 'failed') await this.#restAfterFailure(signal);
      else this.#failures = 0;
    }
    signal.removeEventListener('abort', wake);
  }

  async #waitForNews(): Promise<void> {
    await this.#options.rest(LOOK_EVERY_MS, this.#news.signal);
    this.#news = new AbortController();
  }

  async #restAfterFailure(signal: AbortSignal): Promise<void> {
    const restMs = Math.min(FIRST_REST_MS * 2 ** this.#failures, LONGEST_REST_MS);
    this.#failures += 1;
    await this.#options.rest(restMs, AbortSignal.any([signal, this.#return.signal]));
    this.#return = new AbortController();
  }

  async #look(signal: AbortSignal): Promise<'empty' | 'carried' | 'failed'> {
    try {
      const look = await this.#carrySome(signal);
      if (look !== 'empty') this.#noteBack();
      return look === 'refused' ? 'failed' : look;
    } catch (error) {
      if (!signal.aborted) this.#noteAway(error);
      return 'failed';
    }
  }

  async #carrySome(signal: AbortSignal): Promise<Look> {
    const { record, sink } = this.#options;
    const rows = await record.readOutbox(sink.name, sink.batchSize ?? BATCH_SIZE);
    this.#forgetRefusalsOfOthers(rows);
    const last = rows.at(-1);
    if (last === undefined) return 'empty';
    const parcels = await this.#pack(rows);
    const isTaken = await this.#offer(parcels, signal).then(
      () => true,
      (error: unknown) => this.#blameCopy(error, signal),
    );
    if (!isTaken) return this.#carryOneByOne(parcels, signal);
    await record.acknowledge(sink.name, last.sequence);
    return 'carried';
  }

  async #pack(rows: readonly OutboxRow[]): Promise<readonly Parcel[]> {
    const entries = await this.#options.record.readMany(rows.map((row) => row.id));
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    return rows.map((row) => ({ row, entry: byId.get(row.id) }));
  }

  async #offer(parcels: readonly Parcel[], signal: AbortSignal): Promise<void> {
    const { sink } = this.#options;
    const entries = parcels.flatMap(({ entry }) => entry ?? []);
    const deadline = AbortSignal.timeout(sink.timeoutMs ?? DELIVERY_TIMEOUT_MS);
    if (entries.length > 0) await sink.deliver(entries, AbortSignal.any([signal, deadline]));
  }

  /** False when the copy answers, so that an entry is to blame. Errors: that of the delivery, when the copy is. */
  async #blameCopy(error: unknown, signal: AbortSignal): Promise<false> {
    signal.throwIfAborted();
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(PING_TIMEOUT_MS)]);
    await this.#options.sink.ping(deadline).catch(() => {
      throw error;
    });
    return false;
  }

  /** The copy refused the whole: what it refuses is found, and everything else gets through. */
  async #carryOneByOne(parcels: readonly Parcel[], signal: AbortSignal): Promise<Look> {
    const { record, sink } = this.#options;
    let isGapless = true;
    for (const parcel of parcels) {
      isGapless = (await this.#carryOne(parcel, signal)) && isGapless;
      // To confirm one is to confirm all before it, so it ends at the first that has to be tried again.
      if (isGapless) await record.acknowledge(sink.name, parcel.row.sequence);
    }
    return isGapless ? 'carried' : 'refused';
  }

  /** True when the copy has the entry, or never will. */
  async #carryOne(parcel: Parcel, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#offer([parcel], signal);
      this.#refusals.delete(parcel.row.sequence);
      return true;
    } catch (error) {
      await this.#blameCopy(error, signal);
      return this.#countRefusal(parcel.row, error);
    }
  }

  /** A change that was overtaken by a newer one never comes again. */
  #forgetRefusalsOfOthers(rows: readonly OutboxRow[]): void {
    const present = new Set(rows.map(({ sequence }) => sequence));
    for (const sequence of this.#refusals.keys()) if (!present.has(sequence)) this.#refusals.delete(sequence);
  }

  async #countRefusal(row: OutboxRow, error: unknown): Promise<boolean> {
    const { record, sink, report } = this.#options;
    const refusals = (this.#refusals.get(row.sequence) ?? 0) + 1;
    this.#refusals.set(row.sequence, refusals);
    if (refusals < REFUSALS_UNTIL_BURIAL) return false;
    await record.bury(sink.name, row, describe(error));
    this.#refusals.delete(row.sequence);
    report(`${sink.name} refused the entry ${row.id} ${refusals} times and goes without it: ${describe(error)}`);
    return true;
  }

  #noteAway(error: unknown): void {
    const { sink, report } = this.#options;
    if (!this.#isAway) report(`Changes for ${sink.name} wait until it can take them: ${describe(error)}`);
    this.#isAway = true;
  }

  #noteBack(): void {
    const { sink, report } = this.#options;
    if (this.#isAway) report(`${sink.name} takes changes again.`);
    this.#isAway = false;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
