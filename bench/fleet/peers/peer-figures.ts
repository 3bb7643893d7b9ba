import { quantile } from '../../statistics.ts';
import type { HostReport } from '../over-http/host-messages.ts';
import type { HttpRun } from '../over-http/http-run.ts';
import { measureHttpRun } from '../over-http/measure-http-run.ts';
import type { JobTimes } from '../over-http/play-workload.ts';
import type { ScenarioChoice } from '../scenarios.ts';
import type { Peer } from './peer.ts';
import type { PeerRun } from './play-peer.ts';

/** One scenario with one router. Seconds of the scenario's own time. */
export interface PeerFigures {
  readonly choice: ScenarioChoice;
  readonly router: string;
  readonly makespan: number;
  readonly jobP50: number;
  readonly jobP95: number;
  /** Errors that callers got. */
  readonly lost: number;
  /** Answers that callers took for complete, and were not. */
  readonly wronglyComplete: number;
  readonly loads: number;
  readonly foreignCores: number;
}

export function measureHydra(choice: ScenarioChoice, run: HttpRun): PeerFigures {
  const { makespan, jobP50, jobP95, lost, wronglyComplete, loads, foreignCores } = measureHttpRun(run);
  return { choice, router: 'Hydra', makespan, jobP50, jobP95, lost, wronglyComplete, loads, foreignCores };
}

export function measurePeer(choice: ScenarioChoice, peer: Peer, factor: number, run: PeerRun): PeerFigures {
  const seconds = jobSeconds(run.jobs, factor);
  return {
    choice,
    router: peer.name,
    makespan: (Math.max(...run.jobs.map(({ endedAtMs }) => endedAtMs)) / 1000) * factor,
    jobP50: quantile(seconds, 0.5),
    jobP95: quantile(seconds, 0.95),
    lost: run.lost.length,
    wronglyComplete: run.wronglyComplete.length,
    loads: countLoads(run.hosts),
    foreignCores: run.foreignCores,
  };
}

/** From arrival to the last answer, in the scenario's own time. */
export function jobSeconds(jobs: readonly JobTimes[], factor: number): readonly number[] {
  return jobs.map(({ job, endedAtMs }) => (endedAtMs / 1000 - job.arrivesAtSeconds) * factor);
}

function countLoads(hosts: ReadonlyMap<string, HostReport>): number {
  return [...hosts.values()].reduce((sum, { loads }) => sum + loads, 0);
}
