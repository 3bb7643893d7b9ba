import { setTimeout as delay } from 'node:timers/promises';
import type { EntryId } from '../../domain/ids.ts';
import type { KeptEntry } from '../../domain/memory-entry.ts';
import type { OwnershipStore } from '../ports.ts';

export interface ComputeOnceOptions {
  readonly id: EntryId;
  /** This process, among those that share the record. */
  readonly holder: string;
  readonly ownership: OwnershipStore;
  /** The entry, once somebody has stored it. */
  readonly read: () => Promise<KeptEntry | undefined>;
  /** Makes the entry and stores it. */
  readonly compute: () => Promise<KeptEntry>;
}

/** Longer than any stop of a process that goes on afterwards; and as long do the others wait when it died. */
const LEASE_MS = 10_000;
/** Two renewals may be lost. */
const RENEW_EVERY_MS = LEASE_MS / 3;
/** What is computed takes seconds at least; this much later the others know. */
const POLL_MS = 100;

/**
 * Computes while all other processes wait for the outcome, or waits for theirs. When a process dies or fails at it, the next
 * one computes. One call at a time per holder and entry. Errors: those of `compute`, of the record and of `ownership`.
 */
export async function computeOnce(options: ComputeOnceOptions): Promise<KeptEntry> {
  const { id, holder, ownership, read } = options;
  for (;;) {
    const stored = await read();
    if (stored !== undefined) return stored;
    if (await ownership.claim(nameDuty(id), holder, LEASE_MS)) return computeAsHolder(options);
    await delay(POLL_MS);
  }
}

async function computeAsHolder({ id, holder, ownership, read, compute }: ComputeOnceOptions): Promise<KeptEntry> {
  let renewal: Promise<unknown> = Promise.resolve();
  const renew = () => {
    renewal = ownership.claim(nameDuty(id), holder, LEASE_MS).catch(() => {});
  };
  const timer = setInterval(renew, RENEW_EVERY_MS);
  try {
    // Between our look and our claim, another process may have stored it.
    return (await read()) ?? (await compute());
  } finally {
    clearInterval(timer);
    // A renewal that overtook the release would keep the others waiting.
    await renewal;
    await ownership.release(nameDuty(id), holder).catch(() => {});
  }
}

function nameDuty(id: EntryId): string {
  return `entry:${id}`;
}
