import type { NodeId, RunId } from './ids.ts';
import type { Priority } from './request.ts';

/** What a model call needs of a node. */
export interface LeaseRequest {
  readonly runId: RunId;
  readonly model: string;
  /** Estimated. */
  readonly promptTokens: number;
  /** Predicted. */
  readonly completionTokens: number;
  readonly priority: Priority;
  /** Nodes that failed this call; used again only when nothing else is left. */
  readonly avoid: readonly NodeId[];
}

/** The right to run one model call on one node. Soft: unclaimed, it expires. */
export interface Lease {
  readonly leaseId: string;
  readonly nodeId: NodeId;
  readonly taskQueue: string;
  /** Why this node, for people: `gpu-2: resident, 3.1 s; gpu-1: must load, 9.8 s`. */
  readonly why: string;
  /** Predicted seconds from grant to the last token. */
  readonly expectedSeconds: number;
}
