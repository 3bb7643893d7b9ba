import type { NodeModel } from '../../domain/node.ts';

/** How a model would be loaded. */
export interface MemoryUse {
  readonly contextTokens: number;
  /** Calls at once; the host keeps a context for each. */
  readonly slots: number;
}

/** What a model is expected to take of a host's memory. */
export interface MemoryEstimate {
  readonly needBytes: number;
  /** For people: what it was reckoned from. */
  readonly why: string;
}

/** Context and buffers of usual models of 3B to 14B at 8k tokens, as a share of the file. */
const FACTOR_WHERE_UNKNOWN = 1.3;

/**
 * Weights, context and working buffers. A context longer than the model was trained for is cut by the host to that.
 */
export function estimateMemory(model: NodeModel, { contextTokens, slots }: MemoryUse): MemoryEstimate {
  const { sizeBytes, memoryShape } = model;
  if (memoryShape === undefined) {
    const why = `${FACTOR_WHERE_UNKNOWN} times its file: the host does not say how it is built`;
    return { needBytes: Math.round(sizeBytes * FACTOR_WHERE_UNKNOWN), why };
  }
  const heldTokens = Math.min(contextTokens, model.contextTokens ?? Infinity) * slots;
  const { contextBytesPerToken, workingBytesPerToken, leastWorkingBytes } = memoryShape;
  const workingBytes = Math.max(leastWorkingBytes, heldTokens * workingBytesPerToken);
  return {
    needBytes: Math.round(sizeBytes + heldTokens * contextBytesPerToken + workingBytes),
    why: `weights, ${heldTokens} tokens of context and buffers`,
  };
}
