import type { MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryTier, RelayTarget } from '../entry-ports.ts';

/** A copy, as the relay sees it. */
export interface RelaySink {
  readonly name: RelayTarget;
  /** Entries that it takes at once, fewer than the relay's own number where each is dear; see `RELAY_BATCH`. */
  readonly batchSize?: number;
  /** What one delivery may take, where the relay's own deadline is too short. */
  readonly timeoutMs?: number;
  /**
   * Takes entries, tombstones included. What it already has in this or a higher version stays; twice is as good as once.
   * Errors: any, when not all were taken; those that were are offered again.
   */
  deliver(entries: readonly MemoryEntry[], signal: AbortSignal): Promise<void>;
  /** Rejects while it can take nothing at all. A delivery that fails although this resolves is the entry's own fault. */
  ping(signal: AbortSignal): Promise<void>;
  /** Calls whenever it can be reached again; absent where that is seen only by trying. */
  onReturn?(listener: () => void): void;
}

/** The sink of a copy that takes entries as they are. */
export function createTierSink(tier: EntryTier): RelaySink {
  return {
    name: tier.name,
    deliver: (entries, signal) => tier.write(entries, signal),
    ping: (signal) => tier.ping(signal),
    onReturn: (listener) => tier.onReturn?.(listener),
  };
}
