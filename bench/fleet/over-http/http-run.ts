import type { Scenario } from '../scenario.ts';
import type { CheckedAnswers } from './check-answers.ts';
import type { HostReport } from './host-messages.ts';
import type { PlayedAnswer } from './played-answer.ts';
import type { JobTimes } from './play-workload.ts';
import type { Grant } from './router-messages.ts';

/** One run over real HTTP, as it was seen. Moments are milliseconds since 1970. */
export interface HttpRun extends CheckedAnswers {
  /** As it was played: with everything faster by `factor`. */
  readonly scenario: Scenario;
  readonly factor: number;
  readonly startedAtMs: number;
  readonly jobs: readonly JobTimes[];
  readonly answers: readonly PlayedAnswer[];
  /** By call, in the order of the grants; a call that moves has several. */
  readonly grants: ReadonlyMap<string, readonly Grant[]>;
  readonly hosts: ReadonlyMap<string, HostReport>;
  readonly fault: FaultSeen | null;
  /** Cores that were busy meanwhile with all processes of the run, and with any others. */
  readonly ownCores: number;
  readonly foreignCores: number;
}

/** A fault that happened, and what the run's events say of the time after it. */
export interface FaultSeen {
  readonly atMs: number;
  /** When each call that was on the host had left it. */
  readonly leftHostAtMs: readonly number[];
  /** When a host was next given a call. */
  readonly nextStartAtMs: number | null;
}
