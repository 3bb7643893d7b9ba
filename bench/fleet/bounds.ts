import highsLoader, { type Highs } from 'highs';
import type { BenchCall, BenchHost, Scenario } from './scenario.ts';

/** What no policy can beat on a fleet without faults, in seconds. */
export interface Bounds {
  /** The work of all calls spread over the hosts as well as it goes, in parts as small as one likes, without any load. */
  readonly work: number;
  /** The last job, had it the fastest hosts for itself from its arrival. */
  readonly criticalPath: number;
  /** The larger one. */
  readonly makespan: number;
}

/** The package's types are those of its CommonJS form; as a module it exports the function itself. */
const loadHighs = highsLoader as unknown as () => Promise<Highs>;

/** Loads the solver; once for many bounds. */
export async function createBoundFinder(): Promise<(scenario: Scenario) => Bounds> {
  const highs = await loadHighs();
  return (scenario) => {
    const work = workBound(highs, scenario);
    const criticalPath = Math.max(...scenario.workload.jobs.map((job) => jobEnd(scenario, job)));
    return { work, criticalPath, makespan: Math.max(work, criticalPath) };
  };
}

/**
 * min T so that the work of each model is shared out, and no host works longer than T. Prefixes count as if every cache fitted
 * but for the first call.
 */
function workBound(highs: Highs, scenario: Scenario): number {
  const { hosts, models } = scenario.fleet;
  const calls = sparedCalls(scenario);
  const groups = models.flatMap(({ name }, index) => {
    const ofModel = calls.filter((call) => call.model === name);
    return ofModel.length === 0 ? [] : [{ index, calls: ofModel }];
  });
  const shares = groups.map(({ calls: ofModel, index }) =>
    hosts.flatMap((host, place) => {
      const first = ofModel[0];
      if (first === undefined || !(first.model in host.speeds)) return [];
      const seconds = ofModel.reduce((sum, call) => sum + serviceSeconds(call, host), 0) / host.slots;
      return [{ variable: `x_${index}_${place}`, place, seconds }];
    }),
  );
  const model = [
    'Minimize T',
    'Subject To',
    ...shares.map((ofModel) => `${ofModel.map(({ variable }) => variable).join(' + ')} = 1`),
    ...hosts.map((_, place) => {
      const here = shares.flat().filter((share) => share.place === place);
      return `${here.map(({ variable, seconds }) => `${seconds.toFixed(6)} ${variable}`).join(' + ')} - T <= 0`;
    }),
    'End',
  ];
  const solution = highs.solve(model.join('\n'));
  if (solution.Status !== 'Optimal') throw new Error(`The bound has no solution: ${solution.Status}`);
  return solution.ObjectiveValue;
}

function sparedCalls({ workload }: Scenario): readonly BenchCall[] {
  const seen = new Set<string>();
  return workload.jobs
    .flatMap((job) => job.calls)
    .map((call) => {
      if (call.prefix === null || !seen.has(call.prefix.id)) {
        if (call.prefix !== null) seen.add(call.prefix.id);
        return call;
      }
      return { ...call, promptTokens: call.promptTokens - call.prefix.tokens };
    });
}

function jobEnd({ fleet }: Scenario, job: Scenario['workload']['jobs'][number]): number {
  const ends = new Map<string, number>();
  for (const call of job.calls) {
    const start = Math.max(job.arrivesAtSeconds, ...call.after.map((id) => ends.get(id) ?? 0));
    const spared = { ...call, promptTokens: call.promptTokens - (call.prefix?.tokens ?? 0) };
    const able = fleet.hosts.filter((host) => call.model in host.speeds);
    ends.set(call.id, start + Math.min(...able.map((host) => serviceSeconds(spared, host))));
  }
  return Math.max(...ends.values());
}

function serviceSeconds(call: BenchCall, host: BenchHost): number {
  const speed = host.speeds[call.model];
  if (speed === undefined) return Infinity;
  return call.promptTokens / speed.promptTokensPerSecond + call.completionTokens / speed.completionTokensPerSecond;
}
