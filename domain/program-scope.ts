import type { Classification } from './classification.ts';
import type { ContentHash, PartId, RunId } from './ids.ts';
import type { PlanPart } from './plan.ts';
import type { Priority, RequestLimits } from './request.ts';

/** A finished part that another part uses. */
export interface PartDependency {
  readonly partId: PartId;
  readonly programHash: ContentHash;
}

/** One part with its place in the plan, which is the artifact `planHash`. */
export interface PlannedPart {
  readonly planHash: ContentHash;
  readonly part: PlanPart;
  readonly dependencies: readonly PartDependency[];
}

/** What is to be produced: the whole program (`planned` is null) or one part of a plan. */
export interface ProgramScope {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly classification: Classification;
  readonly partId: PartId;
  readonly planned: PlannedPart | null;
  readonly priority: Priority;
  readonly limits: RequestLimits;
  /** What memory offers to the run; see `Offer`. Absent or null: nothing. */
  readonly offeredHash?: ContentHash | null;
}
