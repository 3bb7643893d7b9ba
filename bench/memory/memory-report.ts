import type { Circumstances } from '../describe-machine.ts';
import type { BlackHoleMeasurement } from './measure-black-hole.ts';
import type { ReadMeasurement } from './measure-reads.ts';
import type { RecallMeasurement } from './measure-recall.ts';
import type { SearchMeasurement } from './measure-search.ts';
import type { MemoryPlan } from './plan.ts';

/** Everything that was measured, and where. */
export interface MemoryReport {
  readonly circumstances: Circumstances;
  /** Of the servers, for people. */
  readonly servers: string;
  readonly plan: MemoryPlan;
  readonly reads: readonly ReadMeasurement[];
  readonly blackHoles: readonly BlackHoleMeasurement[];
  readonly searches: readonly SearchMeasurement[];
  readonly recalls: readonly RecallMeasurement[];
}
