import type { ContentHash, NodeId, PartId, StepKey } from './ids.ts';
import type { PartDependency } from './program-scope.ts';

/** How one candidate is to be sampled. */
export interface Sample {
  /** Position among all samples of its part, so that each has a key of its own. */
  readonly index: number;
  readonly model: string;
  readonly temperature: number;
  readonly seed: number;
}

/** Cost and origin of one accepted model answer. */
export interface ModelUsage {
  readonly model: string;
  readonly nodeId: NodeId;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly durationMs: number;
  /** Hosts that were tried in vain before this one answered. */
  readonly hops: number;
  /** What the result is to say when it was made otherwise than planned. */
  readonly remark?: string;
}

/** One program or part that a model wrote. The code itself is the artifact `programHash` (a `Program`). */
export interface Candidate {
  readonly stepKey: StepKey;
  readonly partId: PartId;
  readonly origin: 'sample' | 'repair' | 'merge';
  readonly programHash: ContentHash;
  /** Null for a merge, which no model wrote. */
  readonly sample: Sample | null;
  readonly usage: ModelUsage | null;
  /** Of a repair: the program that it was to mend. */
  readonly repairOf?: ContentHash;
  /** Of a merge: the programs that were put together. */
  readonly mergedFrom?: readonly PartDependency[];
}

/** A candidate with the short form of what verification found; the whole `Verdict` is the artifact `verdictHash`. */
export interface JudgedCandidate {
  readonly candidate: Candidate;
  readonly verdictHash: ContentHash;
  /** False when a trusted check rejected it. */
  readonly accepted: boolean;
  /** True when a check of the user ran and passed, and none rejected. */
  readonly proven: boolean;
  /** One line for people. */
  readonly summary: string;
}
