import { createBenchFleet } from './fleets.ts';
import type { BenchFault, BenchFleet, Scenario, Workload } from './scenario.ts';
import { createWorkload, type WorkloadSize } from './workloads.ts';

/** The faults that the bench tries, one at a time: X1 to X6. */
export type FaultName = 'crash' | 'freeze' | 'truncate' | 'slow' | 'kill-router' | 'return';

/** All calls of the first wave have begun by then, and most work is still to be done. */
const FAULT_AT_SECONDS = 300;
/** A machine that starts anew. */
const RESTART_SECONDS = 120;
/** A third slower. */
const SLOW_FACTOR = 1 / 0.7;
const TRUNCATED_SHARE = 0.3;

/** What is played. */
export interface ScenarioChoice {
  readonly fleet: BenchFleet['name'];
  readonly workload: Workload['name'];
  readonly fault?: FaultName;
  readonly seed: number;
  readonly size?: Partial<WorkloadSize>;
  /** When the fault comes; for shorter workloads. */
  readonly faultAtSeconds?: number;
}

/** Determinism: the same choice gives the same scenario. */
export function createScenario({
  fleet: fleetName,
  workload,
  fault,
  seed,
  size,
  faultAtSeconds,
}: ScenarioChoice): Scenario {
  const fleet = createBenchFleet(fleetName, seed);
  return {
    seed,
    fleet,
    workload: createWorkload(workload, seed, size),
    faults: fault === undefined ? [] : [createFault(fault, fleet, faultAtSeconds ?? FAULT_AT_SECONDS)],
  };
}

/** The first host is the fastest: its fault hurts most. */
function createFault(name: FaultName, { hosts }: BenchFleet, atSeconds: number): BenchFault {
  const hostId = hosts[0]?.id ?? '';
  switch (name) {
    case 'crash':
      return { kind: 'crash', hostId, atSeconds, returnsAtSeconds: null };
    case 'return':
      return { kind: 'crash', hostId, atSeconds, returnsAtSeconds: atSeconds + RESTART_SECONDS };
    case 'freeze':
      return { kind: 'freeze', hostId, atSeconds };
    case 'truncate':
      return { kind: 'truncate', hostId, atSeconds, share: TRUNCATED_SHARE };
    case 'slow':
      return { kind: 'slow', hostId, atSeconds, factor: SLOW_FACTOR };
    case 'kill-router':
      return { kind: 'kill-router', atSeconds };
    default:
      return name satisfies never;
  }
}
