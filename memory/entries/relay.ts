import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryRecord } from '../entry-ports.ts';
import { EntryCarrier, type Rest } from './entry-carrier.ts';
import type { RelaySink } from './relay-sink.ts';

export interface RelayOptions {
  readonly record: EntryRecord;
  readonly sinks: readonly RelaySink[];
  /** Told when a copy goes away and comes back, and what it refuses for good. */
  readonly report: (sentence: string) => void;
  readonly rest?: Rest;
}

/** Carries changes from the record to the copies. One process does it at a time; two would do no harm. */
export interface Relay {
  /** Something was written here: the copies get it now, and not at the next look. */
  notify(): void;
  /** Carries until the signal ends; each copy by itself, so that one that is away holds up no other. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * The relay. At least once: it confirms after delivery, so what was delivered when it died is delivered again.
 * It reads entries as they are now, so that after an outage each copy gets the newest version only.
 * Whoever runs it names the copies to the record first, by `setTargets`.
 */
export function createRelay({ record, sinks, report, rest = restInTime }: RelayOptions): Relay {
  const carriers = sinks.map((sink) => {
    const carrier = new EntryCarrier({ record, sink, report, rest });
    sink.onReturn?.(() => carrier.retry());
    return carrier;
  });
  return {
    notify() {
      for (const carrier of carriers) carrier.wake();
    },
    async run(signal) {
      await Promise.all(carriers.map((carrier) => carrier.run(signal)));
    },
  };
}

async function restInTime(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
