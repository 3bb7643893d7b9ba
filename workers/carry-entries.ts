import { randomUUID } from 'node:crypto';
import type { Relay } from '../memory/entries/relay.ts';
import type { EntryRecord, RelayTarget } from '../memory/entry-ports.ts';
import type { OwnershipStore } from '../memory/ports.ts';
import { createDuty } from './duty.ts';
import { holdDuty } from './hold-duty.ts';

export interface CarryEntriesOptions {
  readonly record: EntryRecord;
  readonly ownership: OwnershipStore;
  readonly relay: Relay;
  readonly targets: readonly RelayTarget[];
  readonly report: (sentence: string) => void;
}

const DUTY = 'memory-relay';
/** Copies may be behind for so long after the process that carried was killed; nobody waits for them. */
const LEASE_MS = 10_000;
const TICK_MS = 2_000;

/** Runs the relay in one process at a time: in this one whenever no other does. */
export function carryEntries({ record, ownership, relay, targets, report }: CarryEntriesOptions): {
  stop(): Promise<void>;
} {
  const duty = createDuty({ name: DUTY, ownership, holder: randomUUID(), leaseMs: LEASE_MS });
  return holdDuty({
    duty,
    complaint: 'Nothing could be carried to the copies of memory',
    tickMs: TICK_MS,
    report,
    async begin() {
      await record.setTargets(targets);
      const stopping = new AbortController();
      const running = relay.run(stopping.signal);
      return {
        async look() {},
        async close() {
          stopping.abort();
          await running;
        },
      };
    },
  });
}
