import type { NodeId } from './ids.ts';

/** How one Ollama host is reached, as the settings say. */
export interface NodeAddress {
  readonly id: NodeId;
  /** Base URL without a trailing slash, such as `http://gpu-2:11434`. */
  readonly url: string;
  /** Requests it really runs at once; Ollama's own OLLAMA_NUM_PARALLEL (default 1). */
  readonly slots: number;
  readonly bearerToken?: string;
}

/** A model that a node has on disk. */
export interface NodeModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly family: string;
  /** For people, such as `1.5B`; empty when the node does not say. */
  readonly parameterSize: string;
}

export type NodeState = 'up' | 'down' | 'unknown';

/** What is known of a node at one moment. Times are ISO 8601. */
export interface NodeSnapshot {
  readonly id: NodeId;
  readonly url: string;
  readonly state: NodeState;
  /** Why it is down, or why its models could not be listed; null otherwise. */
  readonly problem: string | null;
  readonly version: string | null;
  readonly models: readonly NodeModel[];
  readonly residentModels: readonly string[];
  readonly slots: number;
  readonly busySlots: number;
  readonly seenAt: string | null;
  /** Measured speeds, for the models that have run there. */
  readonly speeds: readonly { readonly model: string; readonly completionTokensPerSecond: number }[];
}
