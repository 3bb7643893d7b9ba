import type { EntryRecord } from '../../memory/entry-ports.ts';

/** One empty system of record. */
export interface EntryRecordHarness {
  /** Opens the same record once more, as another process would. */
  open(now?: () => number): Promise<EntryRecord>;
  /** Closes what was opened and removes the record. */
  dispose(): Promise<void>;
}

/** The record of the running test, which begins empty. */
export interface RecordUnderTest {
  readonly record: EntryRecord;
  readonly harness: EntryRecordHarness;
  /** Moves the clock of the record. */
  readonly pass: (ms: number) => void;
  /** What its clock says, ISO 8601 in UTC. */
  readonly now: () => string;
}
