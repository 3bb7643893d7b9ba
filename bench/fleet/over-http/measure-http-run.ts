import { median, quantile } from '../../statistics.ts';
import type { BenchFault } from '../scenario.ts';
import type { HttpRun } from './http-run.ts';
import { measureWaits } from './measure-waits.ts';

/** The figures of a run over real HTTP; its names are those of the simulator's where they mean the same. */
export interface HttpFigures {
  /** In the scenario's own time: what the clock showed, times the speed-up. The same for jobs. */
  readonly makespan: number;
  readonly jobP50: number;
  readonly jobP95: number;
  readonly loads: number;
  readonly lost: number;
  readonly doubled: number;
  readonly wronglyComplete: number;
  /** Hops of all calls to another host. */
  readonly moved: number;
  /** Complete answers of hosts beyond the first for a call: work that was done twice, of which one result was taken. */
  readonly repeated: number;
  /** By the clock, from the grant of a call to the moment when its host had read it. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** By the clock; null without an outage. */
  readonly recoverySeconds: number | null;
  /** By the clock: what a call spends beside its host from its grant to its answer, in the middle. */
  readonly overheadMs: number;
  readonly ownCores: number;
  readonly foreignCores: number;
}

export function measureHttpRun(run: HttpRun): HttpFigures {
  const seconds = run.jobs.map(({ job, endedAtMs }) => (endedAtMs / 1000 - job.arrivesAtSeconds) * run.factor);
  const hosts = [...run.hosts.values()];
  const latencies = latenciesOf(run);
  return {
    makespan: (Math.max(...run.jobs.map(({ endedAtMs }) => endedAtMs)) / 1000) * run.factor,
    jobP50: quantile(seconds, 0.5),
    jobP95: quantile(seconds, 0.95),
    loads: hosts.reduce((sum, host) => sum + host.loads, 0),
    lost: run.lost.length,
    doubled: run.doubled.length,
    wronglyComplete: run.wronglyComplete.length,
    moved: run.answers.reduce((sum, { hops }) => sum + hops, 0),
    repeated: countRepeated(run),
    latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    recoverySeconds: recoveryOf(run),
    overheadMs: Math.round(median([...measureWaits(run).besideHost.values()]) * 1000),
    ownCores: run.ownCores,
    foreignCores: run.foreignCores,
  };
}

/** What somebody has to recover from; a host that is slow or breaks off answers still works. */
const OUTAGES: ReadonlySet<string> = new Set<BenchFault['kind']>(['crash', 'freeze', 'kill-router']);

/** Each arrival at a host belongs to the last grant of its call before it. */
function latenciesOf({ hosts, grants }: HttpRun): readonly number[] {
  const arrivals = [...hosts.values()].flatMap(({ calls }) => calls);
  return arrivals.flatMap(({ callId, arrivedAtMs }) => {
    const granted = (grants.get(callId) ?? []).filter(({ atMs }) => atMs <= arrivedAtMs).at(-1);
    return granted === undefined ? [] : [arrivedAtMs - granted.atMs];
  });
}

function countRepeated({ hosts, answers }: HttpRun): number {
  const complete = [...hosts.values()].flatMap(({ calls }) => calls).filter(({ ending }) => ending === 'answered');
  return complete.length - answers.length;
}

/** Of a host that is gone: until the last call had left it. Of the router: until a host was given a call again. Null for other faults. */
function recoveryOf({ scenario, fault }: HttpRun): number | null {
  const isOutage = scenario.faults.some(({ kind }) => OUTAGES.has(kind));
  if (fault === null || !isOutage) return null;
  const { atMs, leftHostAtMs, nextStartAtMs } = fault;
  const isOverAtMs = leftHostAtMs.length > 0 ? Math.max(...leftHostAtMs) : nextStartAtMs;
  return isOverAtMs === null ? null : (isOverAtMs - atMs) / 1000;
}
