import type { FleetDecision } from '../../domain/fleet-decision.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { AnswerLengths } from '../learning/answer-lengths.ts';
import type { Clock } from '../clock.ts';
import type { FairShares } from './fair-shares.ts';
import type { RateBook } from '../learning/learned-rates.ts';
import type { MemoryLimits } from '../model-memory/memory-limits.ts';
import type { PlanWeights } from './plan-grants.ts';
import type { CallReport, EndedCall } from '../scheduler-port.ts';

/** What a scheduler is given, and whom it tells. */
export interface SchedulerOptions {
  readonly clock: Clock;
  /** What was learned of the hosts; given by who keeps it. */
  readonly rates?: RateBook;
  /** What did not fit into their memory; the same. */
  readonly memoryLimits?: MemoryLimits;
  /** A number from 0 to 1; spreads the rests of failing hosts. */
  readonly random?: () => number;
  /** An unclaimed lease frees its slot after this long. */
  readonly leaseTtlMs: number;
  /** A claimed lease that is never released frees its slot after this long: a bound against leaks, beyond any call's own deadline. */
  readonly longestCallMs?: number;
  /** A call uses a node that it avoids only after waiting this long without another one. */
  readonly avoidGraceMs?: number;
  /** While calls wait, the plan is looked at again this often: rests end and predictions fail with time alone. */
  readonly replanIntervalMs?: number;
  /** For the bench, which measures what each of these pays. */
  readonly weights?: PlanWeights;
  readonly lengths?: AnswerLengths;
  readonly shares?: FairShares;
  /** Told whenever something comes from a node that answers a call. */
  readonly onProgress?: (nodeId: NodeId) => void;
  /** Told of every call that ended with a report, after its slot is free. */
  readonly onReport?: (nodeId: NodeId, model: string, report: CallReport) => void;
  /** Asked before each grant and claim; false while another process may look after the hosts. */
  readonly mayGrant?: () => boolean;
  /** Told of every grant with its alternatives, before the caller has it. */
  readonly onDecision?: (decision: FleetDecision) => void;
  /** Told of every granted call that is over, whether it was reported or its lease ran out. */
  readonly onEnded?: (call: EndedCall) => void;
}
