import type { NodeId, RunId } from './ids.ts';

/** What a host could have done for a call when its turn came. */
export interface HostOffer {
  readonly nodeId: NodeId;
  readonly mustLoad: boolean;
  /** Until it has a free slot. */
  readonly waitSeconds: number;
  /** Until the last token, the wait included. */
  readonly finishSeconds: number;
}

/** Why a host was not considered for a call. */
export type PassedOverReason = 'down' | 'draining' | 'removed' | 'model_absent' | 'no_memory' | 'resting' | 'avoided';

/** A host that was not considered. `no_memory`: the model did not fit there; `resting`: its breaker is open; `avoided`: it failed this very call. */
export interface PassedOverHost {
  readonly nodeId: NodeId;
  readonly reason: PassedOverReason;
}

/** One grant of the scheduler, with what else it could have done. Times are ISO 8601. */
export interface FleetDecision {
  readonly leaseId: string;
  readonly at: string;
  readonly runId: RunId;
  /** The step, such as `write parser.py, candidate 2`. */
  readonly title: string;
  readonly model: string;
  readonly promptTokens: number;
  /** Predicted. */
  readonly completionTokens: number;
  readonly waitedSeconds: number;
  readonly nodeId: NodeId;
  /** Predicted, from the grant to the last token. */
  readonly expectedSeconds: number;
  /** The hosts that were considered, the chosen one among them. */
  readonly offers: readonly HostOffer[];
  readonly passedOver: readonly PassedOverHost[];
  /** Null while the call runs, and for ever when its process died. */
  readonly outcome: DecisionOutcome | null;
}

/** How the call of a decision ended. */
export interface DecisionOutcome {
  /** As the scheduler was told: `finished`, or what came between. */
  readonly ended: string;
  readonly endedAt: string;
  /** Measured, from the grant to the end. */
  readonly seconds: number;
}
