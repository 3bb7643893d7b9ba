import type { ContentHash, NodeId, PartId, StepKey } from './ids.ts';
import type { Verdict } from './verdict.ts';

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
}

/** One program or part that a model wrote. The code itself is the artifact `programHash` (a `Program`). */
export interface Candidate {
  readonly stepKey: StepKey;
  readonly partId: PartId;
  readonly sample: Sample;
  readonly origin: 'sample' | 'repair' | 'merge';
  readonly programHash: ContentHash;
  readonly usage: ModelUsage;
}

/** A candidate with what verification found. */
export interface JudgedCandidate {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}
