import { mean, quantile } from '../statistics.ts';
import type { Played } from './play-scenario.ts';

/** The figures of one run. Seconds, but for the counts. */
export interface RunFigures {
  readonly makespan: number;
  /** From arrival to the last answer. */
  readonly jobP50: number;
  readonly jobP95: number;
  readonly jobMean: Readonly<Record<string, number>>;
  readonly loads: number;
  readonly loadSeconds: number;
  readonly lost: number;
  readonly wronglyComplete: number;
  /** Calls that ended more than once. */
  readonly doubled: number;
  readonly moved: number;
  readonly wastedTokens: number;
  /** Jain's index over the callers of the time that hosts gave them while all of them wanted some: 1 is even. */
  readonly evenness: number;
}

export function measureRun({ scenario, record, counts }: Played): RunFigures {
  const jobs = scenario.workload.jobs.map((job) => {
    const end = Math.max(...job.calls.map((call) => record.finishedAtSeconds.get(call.id) ?? Number.NaN));
    return { namespace: job.namespace, end, seconds: end - job.arrivesAtSeconds };
  });
  const seconds = jobs.map((job) => job.seconds);
  const namespaces = [...new Set(jobs.map((job) => job.namespace))];
  const jobMean = namespaces.map((name) => {
    const own = jobs.filter((job) => job.namespace === name).map((job) => job.seconds);
    return [name, mean(own)] as const;
  });
  const hosts = Object.values(counts);
  return {
    makespan: Math.max(...jobs.map((job) => job.end)),
    jobP50: quantile(seconds, 0.5),
    jobP95: quantile(seconds, 0.95),
    jobMean: Object.fromEntries(jobMean),
    loads: hosts.reduce((sum, host) => sum + host.loads, 0),
    loadSeconds: hosts.reduce((sum, host) => sum + host.loadSeconds, 0),
    lost: record.lost,
    wronglyComplete: record.wronglyComplete,
    doubled: [...record.endings.values()].filter((times) => times > 1).length,
    moved: record.moved,
    wastedTokens: record.wastedTokens,
    evenness: measureEvenness({ scenario, record, counts }, namespaces),
  };
}

/** Over the time in which every caller has open jobs. */
function measureEvenness(
  { scenario, record }: Pick<Played, 'scenario' | 'record' | 'counts'>,
  namespaces: readonly string[],
): number {
  const spans = namespaces.map((name) => {
    const own = scenario.workload.jobs.filter((job) => job.namespace === name);
    const ends = own.flatMap((job) => job.calls.map((call) => record.finishedAtSeconds.get(call.id) ?? 0));
    return { from: Math.min(...own.map((job) => job.arrivesAtSeconds)), to: Math.max(...ends) };
  });
  const from = Math.max(...spans.map((span) => span.from));
  const to = Math.min(...spans.map((span) => span.to));
  const given = namespaces.map((name) =>
    record.services
      .filter((service) => service.namespace === name)
      .reduce((sum, { startSeconds, endSeconds }) => sum + overlap(startSeconds, endSeconds, from, to), 0),
  );
  return jainIndex(given);
}

function overlap(start: number, end: number, from: number, to: number): number {
  return Math.max(0, Math.min(end, to) - Math.max(start, from));
}

/** 1 when all have the same, 1/n when one has everything. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}
