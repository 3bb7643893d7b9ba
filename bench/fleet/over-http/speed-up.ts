import type { BenchCall, BenchFault, BenchHost, BenchJob, BenchSpeed, Scenario } from '../scenario.ts';

/**
 * The same scenario with everything faster by a factor: hosts, loads, arrivals and faults. What has a time of its own, such as
 * a probe or a heartbeat, keeps it, and so weighs more by this factor.
 */
export function speedUp(scenario: Scenario, factor: number): Scenario {
  return {
    ...scenario,
    fleet: { ...scenario.fleet, hosts: scenario.fleet.hosts.map((host) => fasterHost(host, factor)) },
    workload: { ...scenario.workload, jobs: scenario.workload.jobs.map((job) => earlierJob(job, factor)) },
    faults: scenario.faults.map((fault) => earlierFault(fault, factor)),
  };
}

/** No answer is longer than its caller allows, which is twice what the caller predicts: a longer one would be cut off. */
export function limitAnswers(scenario: Scenario): Scenario {
  const limit = (call: BenchCall): BenchCall => ({
    ...call,
    completionTokens: Math.min(call.completionTokens, allowedTokens(call) - 1),
  });
  const jobs = scenario.workload.jobs.map((job) => ({ ...job, calls: job.calls.map(limit) }));
  return { ...scenario, workload: { ...scenario.workload, jobs } };
}

/** What the caller sends as the most that it takes. */
export function allowedTokens({ predictedTokens }: BenchCall): number {
  return 2 * predictedTokens;
}

function fasterHost(host: BenchHost, factor: number): BenchHost {
  const faster = ({ promptTokensPerSecond, completionTokensPerSecond }: BenchSpeed): BenchSpeed => ({
    promptTokensPerSecond: promptTokensPerSecond * factor,
    completionTokensPerSecond: completionTokensPerSecond * factor,
  });
  const speeds = Object.entries(host.speeds).map(([model, speed]) => [model, faster(speed)] as const);
  return { ...host, loadBytesPerSecond: host.loadBytesPerSecond * factor, speeds: Object.fromEntries(speeds) };
}

function earlierJob(job: BenchJob, factor: number): BenchJob {
  return { ...job, arrivesAtSeconds: job.arrivesAtSeconds / factor };
}

function earlierFault(fault: BenchFault, factor: number): BenchFault {
  const atSeconds = fault.atSeconds / factor;
  if (fault.kind !== 'crash' || fault.returnsAtSeconds === null) return { ...fault, atSeconds };
  return { ...fault, atSeconds, returnsAtSeconds: fault.returnsAtSeconds / factor };
}
