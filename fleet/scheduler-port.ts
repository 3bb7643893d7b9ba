import type { Lease, LeaseRequest } from '../domain/lease.ts';
import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';

/** How a call on a node ended, with what the host measured; the scheduler learns from it. */
export type CallReport =
  | {
      readonly ended: 'finished';
      readonly promptTokens: number;
      readonly completionTokens: number;
      readonly loadMs: number;
      readonly promptMs: number;
      readonly decodeMs: number;
    }
  /** The host's fault: connection, 5xx, silence. Counts against it. */
  | { readonly ended: 'unavailable'; readonly reason: string }
  | { readonly ended: 'model_missing' }
  /** Cancelled, rejected input, truncated: nobody's fault. */
  | { readonly ended: 'neutral' };

/** What the prober last saw of a node. */
export interface NodeObservation {
  readonly alive: boolean;
  readonly problem: string | null;
  readonly models: readonly string[];
  readonly residentModels: readonly string[];
}

/** A model with the size that speeds are scaled by. */
export interface ModelSize {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Measured speeds of one model on one host; null while nothing was measured. */
export interface LearnedRates {
  readonly promptTokensPerSecond: number | null;
  readonly completionTokensPerSecond: number | null;
  readonly loadSeconds: number | null;
}

/**
 * Gives each waiting model call to the host that should do it next. Late binding: nothing is bound to a host before that host
 * has a free slot. Pure with respect to time: the clock is injected.
 */
export interface Scheduler {
  addNode(node: NodeAddress): void;
  /** Running calls go on; nothing new is granted. */
  removeNode(id: NodeId): void;
  observe(id: NodeId, observation: NodeObservation): void;
  setModelSizes(sizes: readonly ModelSize[]): void;
  /** Waits for a slot. Rejects with the signal's reason when aborted; a grant that raced the abort is given back. */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease>;
  /** A slot that is free now; null where the call would have to wait, or others wait already. */
  acquireNow(request: LeaseRequest): Lease | null;
  /** The node's worker has started the call; false when the lease expired or is unknown. Idempotent. */
  claim(leaseId: string): boolean;
  /** Ends the lease and frees the slot. Idempotent. */
  release(leaseId: string, report: CallReport): void;
  learned(node: NodeId, model: string): LearnedRates;
  /** Slots in use per node. */
  busySlots(id: NodeId): number;
  waitingCalls(): number;
  /** Stops timers; waiting calls are rejected. */
  close(): void;
}
