import type { ContentHash, NodeId, StepKey } from '../../../domain/ids.ts';

/** What a job's workflow says of one of its calls. */
export interface PlayedAnswer {
  readonly id: string;
  readonly stepKey: StepKey;
  readonly answerHash: ContentHash;
  readonly nodeId: NodeId;
  readonly hops: number;
  /** Milliseconds since 1970. */
  readonly endedAtMs: number;
}
