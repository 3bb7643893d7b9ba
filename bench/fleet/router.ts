import type { Draw } from './draw.ts';
import type { RunRecord } from './run-record.ts';
import type { BenchCall, BenchJob, Scenario } from './scenario.ts';
import type { SimulatedHost } from './simulated-host.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a router works with. */
export interface RouterSurroundings {
  readonly scenario: Scenario;
  readonly hosts: readonly SimulatedHost[];
  readonly clock: VirtualClock;
  readonly record: RunRecord;
  readonly draw: Draw;
  /** Seconds by call that it spends on the way to its host and back; only what plays a run over HTTP again has any. */
  readonly waitsBesideHost: ReadonlyMap<string, number>;
}

/** Brings calls to hosts. */
export interface Router {
  /** `done` is called once, when the caller has its answer, in whatever state that is. */
  submit(call: BenchCall, job: BenchJob, done: () => void): void;
  /** The process that routes is killed, and comes back as it always does. */
  kill(): void;
  close(): void;
}

/** A way of routing that the bench compares. */
export interface Policy {
  readonly name: string;
  create(surroundings: RouterSurroundings): Router;
}
