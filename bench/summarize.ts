import type { Measurement, SideName } from './measure-load.ts';
import type { RunHistory } from './read-history.ts';
import { geometricMean, mean, median, quantile } from './statistics.ts';
import type { Load } from './workload.ts';

/** What all rounds of one load say, on both sides. */
export interface LoadSummary {
  readonly load: Load;
  readonly hydra: SideSummary;
  readonly stock: SideSummary;
  /** Requests per second of Hydra to those of stock, over paired rounds. */
  readonly ratio: number;
}

export interface SideSummary {
  readonly perSecond: Spread;
  readonly request: Quantiles;
  /** From asking for a host to the accepted answer; null with several candidates, which overlap. */
  readonly modelCall: Quantiles | null;
  /** Time of a run by the number of its activities, local ones included, which follow each other; null with several candidates. */
  readonly stepMs: number | null;
  readonly steps: readonly StepSummary[];
  readonly perRequest: PerRequest;
  readonly mainThreadBusy: number;
  readonly otherCores: number;
  readonly hydraMemoryBytes: number;
  readonly verifyMemoryBytes: number;
  readonly serverMemoryBytes: number;
  readonly failures: readonly string[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

/** One step of the pipeline, medians in milliseconds. */
export interface StepSummary {
  readonly name: string;
  readonly handOverMs: number;
  readonly waitMs: number;
  readonly workMs: number;
}

/** What one request costs. */
export interface PerRequest {
  readonly hydraCpuMs: number;
  /** The process that verifies, with the checkers that it starts. */
  readonly verifyCpuMs: number;
  readonly serverCpuMs: number;
  readonly storeMs: number;
  readonly storeCalls: number;
  readonly databaseBytes: number;
  readonly modelCalls: number;
  readonly events: number;
  readonly activities: number;
  readonly localActivities: number;
  readonly workflowTasks: number;
}

/** Puts the rounds of each load together. */
export function summarize(loads: readonly Load[], measurements: readonly Measurement[]): readonly LoadSummary[] {
  return loads.map((load) => {
    const of = (side: SideName) => measurements.filter((one) => one.load === load && one.side === side);
    const [hydra, stock] = [of('hydra'), of('stock')];
    const ratios = hydra.map((one, round) => perSecond(one) / perSecond(stock[round] ?? one));
    return { load, hydra: summarizeSide(hydra), stock: summarizeSide(stock), ratio: geometricMean(ratios) };
  });
}

/** Puts the bursts of one kind together. */
export function summarizeSide(rounds: readonly Measurement[]): SideSummary {
  const rates = rounds.map(perSecond);
  const histories = rounds.flatMap((round) => round.histories);
  const calls = histories.flatMap((history) => history.modelCallMs);
  const isSequential = rounds.every(({ load }) => load.candidates === 1);
  return {
    perSecond: { median: median(rates), least: Math.min(...rates), most: Math.max(...rates) },
    request: quantiles(rounds.flatMap((round) => round.report.requestMs)),
    modelCall: isSequential ? quantiles(calls) : null,
    stepMs: isSequential ? median(histories.map((one) => one.totalMs / (one.activities + one.localActivities))) : null,
    steps: isSequential ? summarizeSteps(histories) : [],
    perRequest: summarizeCost(rounds, histories),
    mainThreadBusy: median(rounds.map((round) => round.report.mainThreadBusy)),
    otherCores: median(rounds.map((round) => round.used.otherCores)),
    hydraMemoryBytes: Math.max(...rounds.map((round) => round.hydraMemoryBytes)),
    verifyMemoryBytes: Math.max(...rounds.map((round) => round.verifyMemoryBytes)),
    serverMemoryBytes: Math.max(...rounds.map((round) => round.serverMemoryBytes)),
    failures: rounds.flatMap((round) => round.report.failures),
  };
}

function perSecond({ load, report }: Measurement): number {
  return (load.requests / report.durationMs) * 1000;
}

function quantiles(values: readonly number[]): Quantiles {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95) };
}

/** Steps by their place in the run: the same step may come twice. */
function summarizeSteps(histories: readonly RunHistory[]): readonly StepSummary[] {
  const first = histories[0]?.steps ?? [];
  return first.map(({ name }, place) => {
    const same = histories.flatMap(({ steps }) => steps.slice(place, place + 1)).filter((step) => step.name === name);
    return {
      name,
      handOverMs: median(same.map((step) => step.handOverMs)),
      waitMs: median(same.map((step) => step.waitMs)),
      workMs: median(same.map((step) => step.workMs)),
    };
  });
}

function summarizeCost(rounds: readonly Measurement[], histories: readonly RunHistory[]): PerRequest {
  const per = (cost: (round: Measurement) => number): number =>
    median(rounds.map((round) => cost(round) / round.load.requests));
  return {
    hydraCpuMs: per(({ report }) => report.cpuMs),
    verifyCpuMs: per(({ used, report }) => Math.max(0, used.hydraCpuMs - report.cpuMs)),
    serverCpuMs: per(({ used }) => used.serverCpuMs),
    storeMs: per(({ report }) => report.stores.ms),
    storeCalls: per(({ report }) => report.stores.calls),
    databaseBytes: per(({ databaseBytes }) => databaseBytes),
    modelCalls: mean(histories.map(({ steps }) => steps.filter((step) => step.name === 'generateText').length)),
    events: mean(histories.map((history) => history.events)),
    activities: mean(histories.map((history) => history.activities)),
    localActivities: mean(histories.map((history) => history.localActivities)),
    workflowTasks: mean(histories.map((history) => history.workflowTasks)),
  };
}
