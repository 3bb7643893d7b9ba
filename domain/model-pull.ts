import type { NodeId } from './ids.ts';

/** `waiting`: for its turn on the host, or for a host or registry that does not answer now. */
export type NodePullState = 'waiting' | 'pulling' | 'done' | 'failed' | 'cancelled';

/** How far the pull of a model is on one host. */
export interface NodePull {
  readonly nodeId: NodeId;
  readonly state: NodePullState;
  /** In the host's words, such as `pulling 8934d96d3f08` or `verifying sha256 digest`; empty before it has said anything. */
  readonly status: string;
  /** Of the files that the host has named so far; null before it has named one. */
  readonly completedBytes: number | null;
  readonly totalBytes: number | null;
  /** Why it failed, or what it waits for; null while all is well. */
  readonly problem: string | null;
}

/** The pull of one model, host by host. */
export interface PullReport {
  readonly model: string;
  readonly nodes: readonly NodePull[];
}

/** A pull as a whole. Times are ISO 8601. */
export interface ModelPull extends PullReport {
  readonly status: 'running' | 'completed' | 'failed' | 'cancelled';
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** The pull of a host on which nothing has happened yet. */
export function waitingPull(nodeId: NodeId): NodePull {
  return { nodeId, state: 'waiting', status: '', completedBytes: null, totalBytes: null, problem: null };
}

/** True when nothing more will happen on this host. */
export function hasPullEnded({ state }: NodePull): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** The share that is there, from 0 to 1; null while the host has not said how much there is. */
export function pulledShare({ completedBytes, totalBytes }: NodePull): number | null {
  if (completedBytes === null || totalBytes === null || totalBytes <= 0) return null;
  return Math.min(1, completedBytes / totalBytes);
}
