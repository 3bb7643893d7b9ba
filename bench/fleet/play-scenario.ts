import { createDraw } from './draw.ts';
import type { Policy, Router } from './router.ts';
import { createRunRecord, recordFinished, type RunRecord } from './run-record.ts';
import type { BenchCall, BenchFault, BenchJob, Scenario } from './scenario.ts';
import { SimulatedHost, type HostCounts } from './simulated-host.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

/** A run that has ended. Times count from the start of the workload. */
export interface Played {
  readonly scenario: Scenario;
  readonly record: RunRecord;
  readonly counts: Readonly<Record<string, HostCounts>>;
  /** By job; jobs that the client held back count from their arrival all the same. */
  readonly startedAtSeconds: ReadonlyMap<string, number>;
}

/** Beyond any run: what lasts longer hangs. */
const LONGEST_RUN_SECONDS = 7 * 24 * 3600;

/** What calls wait for that is neither a free slot nor their host: seconds, by call. */
export interface CallWaits {
  /** From the moment when a call could be asked to its arrival at the router. Which of many comes first is decided by it. */
  readonly toRouter: ReadonlyMap<string, number>;
  /** While the call holds its slot: on the way to the host and back. */
  readonly besideHost: ReadonlyMap<string, number>;
}

const NO_WAITS: CallWaits = { toRouter: new Map(), besideHost: new Map() };

/**
 * Plays a scenario with a policy in virtual time.
 * Determinism: scenario, policy and waits give the same run.
 */
export async function playScenario(scenario: Scenario, policy: Policy, waits: CallWaits = NO_WAITS): Promise<Played> {
  const clock = createVirtualClock();
  const hosts = scenario.fleet.hosts.map((host) => new SimulatedHost(host, scenario.fleet.models, clock));
  const record = createRunRecord();
  const router = policy.create({
    scenario,
    hosts,
    clock,
    record,
    draw: createDraw(scenario.seed),
    waitsBesideHost: waits.besideHost,
  });
  const client = new Client(scenario, router, record, clock, waits.toRouter);
  for (const fault of scenario.faults) scheduleFault(fault, hosts, router, clock, scenario.seed);
  client.start();
  await clock.run(() => client.isDone() || clock.nowSeconds() > LONGEST_RUN_SECONDS);
  router.close();
  if (!client.isDone()) throw new Error(`${policy.name} leaves calls unanswered`);
  const counts = Object.fromEntries(hosts.map((host) => [host.address.id, host.counts]));
  return { scenario, record, counts, startedAtSeconds: client.startedAtSeconds };
}

/** Asks what the workload asks, each call when those before it have ended. */
class Client {
  readonly startedAtSeconds = new Map<string, number>();
  private readonly scenario: Scenario;
  private readonly router: Router;
  private readonly record: RunRecord;
  private readonly clock: VirtualClock;
  private readonly waitsToRouter: CallWaits['toRouter'];
  private readonly waitingJobs: BenchJob[] = [];
  private openJobs = 0;
  private jobsLeft: number;

  constructor(
    scenario: Scenario,
    router: Router,
    record: RunRecord,
    clock: VirtualClock,
    waitsToRouter: CallWaits['toRouter'],
  ) {
    this.scenario = scenario;
    this.router = router;
    this.record = record;
    this.clock = clock;
    this.waitsToRouter = waitsToRouter;
    this.jobsLeft = scenario.workload.jobs.length;
  }

  isDone(): boolean {
    return this.jobsLeft === 0;
  }

  start(): void {
    for (const job of this.scenario.workload.jobs) this.clock.at(job.arrivesAtSeconds, () => this.arrive(job));
  }

  private arrive(job: BenchJob): void {
    this.waitingJobs.push(job);
    this.openNext();
  }

  private openNext(): void {
    while (this.openJobs < (this.scenario.workload.atOnce ?? Infinity)) {
      const job = this.waitingJobs.shift();
      if (job === undefined) return;
      this.openJobs += 1;
      this.startedAtSeconds.set(job.id, this.clock.nowSeconds());
      this.askNext(job, new Set());
    }
  }

  private askNext(job: BenchJob, asked: Set<string>): void {
    const isReady = (call: BenchCall): boolean => call.after.every((id) => this.record.finishedAtSeconds.has(id));
    for (const call of job.calls) {
      if (asked.has(call.id) || !isReady(call)) continue;
      asked.add(call.id);
      const ask = (): void => this.router.submit(call, job, () => this.finish(call, job, asked));
      const waitSeconds = this.waitsToRouter.get(call.id) ?? 0;
      if (waitSeconds > 0) this.clock.after(waitSeconds, ask);
      else ask();
    }
  }

  private finish(call: BenchCall, job: BenchJob, asked: Set<string>): void {
    recordFinished(this.record, call, this.clock.nowSeconds());
    if (job.calls.every(({ id }) => this.record.finishedAtSeconds.has(id))) {
      this.openJobs -= 1;
      this.jobsLeft -= 1;
      this.openNext();
    } else this.askNext(job, asked);
  }
}

function scheduleFault(
  fault: BenchFault,
  hosts: readonly SimulatedHost[],
  router: Router,
  clock: VirtualClock,
  seed: number,
): void {
  if (fault.kind === 'kill-router') {
    clock.at(fault.atSeconds, () => router.kill());
    return;
  }
  const host = hosts.find(({ address }) => address.id === fault.hostId);
  if (host === undefined) throw new Error(`There is no host ${fault.hostId}.`);
  switch (fault.kind) {
    case 'crash':
      clock.at(fault.atSeconds, () => host.crash());
      if (fault.returnsAtSeconds !== null) clock.at(fault.returnsAtSeconds, () => host.restart());
      return;
    case 'freeze':
      clock.at(fault.atSeconds, () => host.freeze());
      return;
    case 'slow':
      clock.at(fault.atSeconds, () => host.slowDown(fault.factor));
      return;
    case 'truncate': {
      const draw = createDraw(seed);
      clock.at(fault.atSeconds, () => host.truncate(() => draw.fraction() < fault.share));
      return;
    }
    default:
      fault satisfies never;
  }
}
