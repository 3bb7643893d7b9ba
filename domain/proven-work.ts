import type { ContentHash } from './ids.ts';
import type { PartDependency } from './program-scope.ts';

/** A program that a trusted check rejected, and the one that a repair made of it, which passed. */
export interface Repair {
  readonly failedHash: ContentHash;
  /** The verdict on the failed one. */
  readonly verdictHash: ContentHash;
  readonly mendedHash: ContentHash;
}

/** What is worth remembering of a run whose result is verified, by the hashes of its artifacts. */
export interface ProvenWork {
  readonly planHash: ContentHash | null;
  /** The programs that the result was merged from; empty when it was written as a whole. */
  readonly parts: readonly PartDependency[];
  /** Of the program and the parts that the result is made of. */
  readonly repairs: readonly Repair[];
  /** What memory had offered to the run. */
  readonly offeredHash: ContentHash | null;
}
