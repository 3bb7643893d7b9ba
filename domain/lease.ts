import type { NodeId, RunId } from './ids.ts';
import type { Priority } from './request.ts';

/** What a model call needs of a node. */
export interface LeaseRequest {
  readonly runId: RunId;
  /** The caller, between whom hosts are shared out evenly. */
  readonly namespace: string;
  /** The step, for people, such as `write parser.py, candidate 2`. */
  readonly title?: string;
  readonly model: string;
  /** Estimated. */
  readonly promptTokens: number;
  /** Predicted. */
  readonly completionTokens: number;
  /** Context window that the call will ask for: what a model takes of a host's memory grows with it. */
  readonly contextTokens: number;
  readonly priority: Priority;
  /** Nodes that failed this call; used again only when nothing else is left. */
  readonly avoid: readonly NodeId[];
}

/** What the scheduler expects of a call, and on how much that rests; deadlines are multiples of it. */
export interface CallPrediction {
  /** To bring the model into memory, whether or not it is believed to be there; null while no load was measured. */
  readonly loadSeconds: number | null;
  /** To read the prompt. */
  readonly promptSeconds: number;
  readonly completionTokensPerSecond: number;
  /** Finished calls of this model on this node that were measured; 0: everything is derived from others. */
  readonly samples: number;
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
  readonly prediction: CallPrediction;
}
