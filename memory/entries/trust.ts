import type { EntryRecord, RelayTarget } from '../entry-ports.ts';

/** Whether a copy is as new as the record. */
export interface Trust {
  isTrusted(): Promise<boolean>;
  /** The copy may have missed a change. */
  lose(): void;
}

/** How long a look into the outbox counts: so much later than their author, others may see a change that missed the copy. */
const TRUST_MS = 250;

/** Trusts a copy for which nothing waits in the outbox. */
export function createTrust(record: EntryRecord, target: RelayTarget, elapsedMs: () => number): Trust {
  let checkedUntilMs = -Infinity;
  let isFresh = false;
  let losses = 0;
  async function check(): Promise<boolean> {
    const askedAtMs = elapsedMs();
    const lossesBefore = losses;
    // A record that cannot be asked will not be read either, and that read tells whoever waits.
    const lag = await record.lag(target).catch(() => null);
    if (losses !== lossesBefore) return false;
    // A change that was given up is one that the copy has missed.
    isFresh = lag !== null && lag.rows === 0 && lag.deadLetters === 0;
    checkedUntilMs = askedAtMs + TRUST_MS;
    return isFresh;
  }
  return {
    isTrusted: async () => (elapsedMs() < checkedUntilMs ? isFresh : check()),
    lose() {
      losses += 1;
      isFresh = false;
      checkedUntilMs = elapsedMs() + TRUST_MS;
    },
  };
}
