import type { NodeId } from './ids.ts';

/** What was measured of one node, kept over restarts. */
export interface NodeKnowledge {
  readonly nodeId: NodeId;
  /** Of the node that was measured; another machine under the same ID is not judged by it. */
  readonly url: string;
  /** JSON that only the fleet understands; it says its own version. */
  readonly knowledge: unknown;
}
