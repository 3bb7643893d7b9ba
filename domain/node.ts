import type { NodeId } from './ids.ts';

/** Where a node is known from. */
export type NodeOrigin = 'settings' | 'added' | 'discovered';

/** How one Ollama host is reached, as the settings say. */
export interface NodeAddress {
  readonly id: NodeId;
  /** Base URL without a trailing slash, such as `http://gpu-2:11434`. */
  readonly url: string;
  /** Requests it really runs at once; Ollama's own OLLAMA_NUM_PARALLEL (default 1). */
  readonly slots: number;
  readonly bearerToken?: string;
  /** Memory of its graphics cards, as the operator says. */
  readonly vramBytes?: number;
  /** For a host behind TLS: a certificate authority that is trusted besides the usual ones, as PEM text. */
  readonly tls?: { readonly certificateAuthority?: string };
}

/** A model that a node has on disk. */
export interface NodeModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly family: string;
  /** For people, such as `1.5B`; empty when the node does not say. */
  readonly parameterSize: string;
  /** Such as `Q4_K_M`; absent when the node does not say. */
  readonly quantization?: string;
  /** The longest context that it was trained for. */
  readonly contextTokens?: number;
  /** Such as `completion`, `tools`, `embedding`, `thinking`; absent when the node does not say. */
  readonly capabilities?: readonly string[];
  /** Names the content, whatever the node; absent when the node does not say. */
  readonly digest?: string;
  /** What it takes in memory beside its weights; absent when the node does not say how it is built. */
  readonly memoryShape?: ModelMemoryShape;
}

/** What a model takes in memory beside its weights, as follows from how it is built. */
export interface ModelMemoryShape {
  /** What it keeps of each token of its context. */
  readonly contextBytesPerToken: number;
  /** Buffers for computing: so much for each token of context, and at least so much. */
  readonly workingBytesPerToken: number;
  readonly leastWorkingBytes: number;
}

/** A model that a node has in memory. */
export interface ResidentModel {
  readonly name: string;
  /** All that it takes, its context included. */
  readonly sizeBytes: number;
  /** The share of it in the memory of graphics cards; less than all of it is slow. */
  readonly vramBytes: number;
  /** The context that it was loaded with; null when the node does not say. */
  readonly contextTokens: number | null;
  /** ISO 8601: when the node will throw it out if nobody uses it; absent when the node does not say. */
  readonly expiresAt?: string;
}

export type NodeState = 'up' | 'down' | 'unknown';

/** What is known of a node at one moment. Times are ISO 8601. */
export interface NodeSnapshot {
  readonly id: NodeId;
  readonly url: string;
  readonly state: NodeState;
  /** When it came into this state; null while nothing was seen. */
  readonly since: string | null;
  /** Why it is down, or why its models could not be listed; null otherwise. */
  readonly problem: string | null;
  readonly version: string | null;
  readonly models: readonly NodeModel[];
  readonly residentModels: readonly ResidentModel[];
  readonly origin: NodeOrigin;
  /** What the operator wants of it: a draining node finishes its calls and gets no new ones. */
  readonly wanted: 'active' | 'draining';
  /** Memory of its graphics cards; null while nobody has said or seen it. */
  readonly vramBytes: number | null;
  readonly vramSource: 'operator' | 'learned' | null;
  readonly slots: number;
  readonly busySlots: number;
  readonly seenAt: string | null;
  /** What was measured, for the models that have run there. */
  readonly speeds: readonly ModelSpeed[];
}

/** What was measured of one model on one node. Newer measurements weigh more. */
export interface ModelSpeed {
  readonly model: string;
  /** Null while no answer was measured; the same below. */
  readonly completionTokensPerSecond: number | null;
  /** Of prompts that the node had not read before. */
  readonly promptTokensPerSecond: number | null;
  readonly loadSeconds: number | null;
  /** Of its calls, those that failed by the node's fault, from 0 to 1. */
  readonly failureShare: number;
  /** Finished calls that this rests on. */
  readonly samples: number;
  /** Calls that the node really runs at once, as far as was seen; null while nothing was seen. */
  readonly parallelism: number | null;
}
