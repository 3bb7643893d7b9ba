import type { Lease, LeaseRequest } from '../domain/lease.ts';
import type { NodeId } from '../domain/ids.ts';
import type { Breaker } from './health/breaker.ts';
import type { ModelSpeed, NodeAddress, ResidentModel } from '../domain/node.ts';

/** How a call on a node ended, with what the host measured; the scheduler learns from it. */
export type CallReport =
  | {
      readonly ended: 'finished';
      readonly promptTokens: number;
      readonly completionTokens: number;
      readonly loadMs: number;
      readonly promptMs: number;
      readonly decodeMs: number;
      /** From the request to the end on the host; what is left of it beside the parts is the wait for a slot there. */
      readonly totalMs?: number;
    }
  /** The host's fault: connection, 5xx, silence. Counts against it. */
  | { readonly ended: 'unavailable'; readonly reason: string }
  /** This model on this host: it did not load in time, or its runner failed. The host itself is well. */
  | { readonly ended: 'model_unavailable'; readonly reason: string }
  | { readonly ended: 'model_missing' }
  /** Nobody's fault; the host has more to do than it takes. */
  | { readonly ended: 'busy'; readonly reason: string }
  /** The model with this context does not fit into the host's memory. */
  | { readonly ended: 'out_of_memory'; readonly contextTokens: number }
  /** Cancelled, rejected input, truncated: nobody's fault. */
  | { readonly ended: 'neutral' };

/** A granted call that is over. */
export interface EndedCall {
  readonly leaseId: string;
  readonly nodeId: NodeId;
  readonly model: string;
  /** Predicted and measured, from the grant to the end. */
  readonly expectedSeconds: number;
  readonly seconds: number;
  readonly report: CallReport;
}

/** What the prober last saw of a node. */
export interface NodeObservation {
  readonly alive: boolean;
  readonly problem: string | null;
  readonly models: readonly string[];
  /** Null: not watched; the scheduler goes by what its own calls have loaded. */
  readonly residentModels: readonly ResidentModel[] | null;
  /** Absent or null: not watched, or the host has none. */
  readonly memory?: HostMemory | null;
}

/** What is known of the memory of a host's graphics cards. */
export interface HostMemory {
  /** Null while its size is not known for certain. */
  readonly freeBytes: number | null;
  /** What a model takes, or would take, with this context; null for a model that the host has not. */
  needBytes(model: string, contextTokens: number): number | null;
}

/** A model with the size that speeds are scaled by. */
export interface ModelSize {
  readonly name: string;
  readonly sizeBytes: number;
}

/** What was measured of one model on one host. */
export type LearnedRates = Omit<ModelSpeed, 'model'>;

/**
 * Gives each waiting model call to the host that should do it next. Late binding: nothing is bound to a host before that host
 * has a free slot. Pure with respect to time: the clock is injected.
 */
export interface Scheduler {
  addNode(node: NodeAddress): void;
  /** Running calls go on; nothing new is granted. */
  removeNode(id: NodeId): void;
  /** Running calls of a draining node go on; nothing new is granted there until it drains no more. */
  setDraining(id: NodeId, isDraining: boolean): void;
  observe(id: NodeId, observation: NodeObservation): void;
  setModelSizes(sizes: readonly ModelSize[]): void;
  /**
   * Waits for a slot. Rejects with the signal's reason when aborted; a grant that raced the abort is given back.
   * Errors: SynthesisFailure OutOfMemory when the model with this context fits into no host that is up.
   */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<Lease>;
  /** A slot that is free now; null where the call would have to wait, or others wait already. */
  acquireNow(request: LeaseRequest): Lease | null;
  /**
   * The idle host that may load a model before its calls come; null where there is none, nothing is gained, or calls wait:
   * those decide what is loaded.
   */
  hostToPreload(model: string, contextTokens: number): NodeId | null;
  /** The node's worker has started the call; false when the lease expired or is unknown. Idempotent. */
  claim(leaseId: string): boolean;
  /** Something has come from the node that answers a call there. */
  noteProgress(id: NodeId): void;
  /** Ends the lease and frees the slot. Idempotent. */
  release(leaseId: string, report: CallReport): void;
  /** The caller has given the lease up: its slot is free at once, unless a worker has started the call. */
  forfeit(leaseId: string): void;
  learned(node: NodeId, model: string): LearnedRates;
  /** Slots in use per node. */
  busySlots(id: NodeId): number;
  waitingCalls(): number;
  /** Of the host as a whole; its models have breakers of their own. */
  breakerState(id: NodeId): Breaker['state'];
  /** Stops timers; waiting calls are rejected. */
  close(): void;
}
