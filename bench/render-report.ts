import type { Circumstances } from './describe-machine.ts';
import { renderTable } from './markdown-table.ts';
import type { IdleMeasurement } from './measure-idle.ts';
import type { LoadSummary, Quantiles, SideSummary } from './summarize.ts';
import type { BenchPlan, Load } from './workload.ts';

export interface BenchReport {
  readonly circumstances: Circumstances;
  readonly plan: BenchPlan;
  readonly seed: number;
  readonly loads: readonly LoadSummary[];
  /** The same Hydra with the real linter and type checker. */
  readonly withCheckers: readonly { readonly load: Load; readonly hydra: SideSummary }[];
  readonly idle: IdleMeasurement;
}

const MEBIBYTE = 1024 ** 2;

/** The report as Markdown. */
export function renderReport(report: BenchReport): string {
  const sections = [
    describeBench(report),
    `## Aims\n\n${renderAims(report)}`,
    `## Requests\n\n${renderRequests(report.loads)}`,
    `## One request at a time, step by step\n\n${renderSteps(report.loads)}`,
    `## With the real linter\n\n${renderCheckers(report)}`,
    `## Where the time goes\n\n${renderCosts(report.loads)}`,
    `## Idle\n\n${renderIdle(report.idle)}`,
  ];
  return `# Hydra's own overhead\n\n${sections.join('\n\n')}\n`;
}

function describeBench({ circumstances, plan, seed }: BenchReport): string {
  const { date, commit, machine, node, temporal, loadBefore } = circumstances;
  return [
    `Made by \`npm run bench\` on ${date}. Commit ${commit}, seed ${seed}, rounds ${plan.rounds}.`,
    `${machine}; Node ${node}; ${temporal}; load average before the bench ${loadBefore.toFixed(1)}.`,
    '',
    'Hosts are simulated, answer at once over HTTP, and run in another process. What looks at programs answers at once too:',
    'sandbox, linter and type checker. So what is measured is Hydra, its stores and Temporal; one table below has the real linter.',
    'Each request is new and asks for one JavaScript function with an example: recall, classify by parser, decide, acquire a',
    'host, generate, verify, decide, record. Hydra and stock are the same code and differ in their Temporal dev server only:',
    'Hydra is `temporal-dev.yaml`, stock is `temporal server start-dev --db-filename F` with addresses and no other flag.',
    'Both are up all the time and take turns, round by round. Ratios are geometric means over paired rounds.',
    'A step is an activity, local ones included: in a run of one candidate they follow one another, so the time per step is the',
    'time of a run, from the first to the last event of its history, by the number of its activities of both kinds.',
    '"Others" are the cores that foreign processes kept busy meanwhile: above 0.2, the figures tell of them too.',
  ].join('\n');
}

function renderAims({ loads, idle }: BenchReport): string {
  const alone = loads.find(({ load }) => load.atOnce === 1);
  const ratios = loads.map(({ load, ratio }) => `${ratio.toFixed(1)}x at ${load.atOnce}${several(load.candidates)}`);
  const idlePercent = percent(idle.used.hydraCpuMs / idle.used.durationMs);
  return renderTable([
    ['aim', 'measured'],
    ['at least 4x the requests per second of stock', ratios.join(', ')],
    ['under 25 ms per sequential step', alone?.hydra.stepMs ? `${alone.hydra.stepMs.toFixed(1)} ms` : '-'],
    [`under 400 MB idle with ${idle.nodes} hosts`, `${mebibytes(idle.hydraMemoryBytes + idle.verifyMemoryBytes)} MB`],
    ['under 3 % of one core idle', idlePercent],
  ]);
}

function several(candidates: number): string {
  return candidates === 1 ? '' : ` with ${candidates} candidates`;
}

function renderRequests(loads: readonly LoadSummary[]): string {
  const head = [
    'at once',
    'candidates',
    'Temporal',
    'requests/s [range]',
    'ratio',
    'request p50 / p95 ms',
    'model call p50 / p95 ms',
    'failed',
    'others',
  ];
  const rows = loads.flatMap(({ load, hydra, stock, ratio }) => [
    [String(load.atOnce), String(load.candidates), 'hydra', ...requestCells(hydra, `${ratio.toFixed(2)}x`)],
    ['', '', 'stock', ...requestCells(stock, '')],
  ]);
  return renderTable([head, ...rows]);
}

function requestCells(side: SideSummary, ratio: string): readonly string[] {
  const { median, least, most } = side.perSecond;
  const range = `${median.toFixed(1)} [${least.toFixed(1)}-${most.toFixed(1)}]`;
  const call = side.modelCall ? both(side.modelCall) : '-';
  return [range, ratio, both(side.request), call, String(side.failures.length), side.otherCores.toFixed(1)];
}

function both({ p50, p95 }: Quantiles): string {
  return `${ms(p50)} / ${ms(p95)}`;
}

function renderSteps(loads: readonly LoadSummary[]): string {
  const alone = loads.find(({ load }) => load.atOnce === 1 && load.candidates === 1);
  if (!alone) return 'Not measured.';
  const rows = alone.hydra.steps.map((step, place) => {
    const stock = alone.stock.steps[place];
    const total = (one: typeof step): string => ms(one.handOverMs + one.waitMs + one.workMs);
    return [step.name, ms(step.handOverMs), ms(step.waitMs), ms(step.workMs), total(step), stock ? total(stock) : '-'];
  });
  return [
    'Medians in ms. "Workflow" is from the end of the step before, "wait" the way to a worker, "work" the step itself.',
    '',
    renderTable([['step', 'workflow', 'wait', 'work', 'together', 'together on stock'], ...rows]),
  ].join('\n');
}

function renderCheckers({ loads, withCheckers }: BenchReport): string {
  const row = (load: Load, checkers: string, { perSecond, request, perRequest, mainThreadBusy }: SideSummary) => [
    String(load.atOnce),
    checkers,
    perSecond.median.toFixed(1),
    both(request),
    ms(perRequest.hydraCpuMs),
    ms(perRequest.verifyCpuMs),
    percent(mainThreadBusy),
  ];
  const rows = withCheckers.flatMap(({ load, hydra }) => {
    const same = loads.find((one) => one.load.atOnce === load.atOnce && one.load.candidates === load.candidates);
    return [...(same ? [row(load, 'instant', same.hydra)] : []), row(load, 'real', hydra)];
  });
  const head = [
    'at once',
    'linter',
    'requests/s',
    'request p50 / p95 ms',
    'main CPU ms',
    'verify CPU ms',
    'main thread',
  ];
  return [
    'One candidate each. The linter runs as a process for each candidate, started by the process that verifies.',
    '',
    renderTable([head, ...rows]),
  ].join('\n');
}

function renderCosts(loads: readonly LoadSummary[]): string {
  const head = [
    'at once',
    'candidates',
    'Temporal',
    'main CPU ms',
    'verify CPU ms',
    'server CPU ms',
    'main thread',
    "Hydra's SQLite ms (calls)",
    'model calls',
    'events',
    'activities',
    'local',
    'workflow tasks',
    'KB in Temporal',
    'main MB',
    'verify MB',
    'server MB',
  ];
  const rows = loads.flatMap(({ load, hydra, stock }) => [
    [String(load.atOnce), String(load.candidates), 'hydra', ...costCells(hydra)],
    ['', '', 'stock', ...costCells(stock)],
  ]);
  return [
    'For each request. "Main" is the process with API, workflows, fleet and all callers, "verify" the process that verifies.',
    '"Main thread" is the share of the time in which the main thread of the former was busy; its SQLite is part of it. Memory is',
    'the highest that was seen.',
    '',
    renderTable([head, ...rows]),
  ].join('\n');
}

function costCells({ perRequest: cost, ...side }: SideSummary): readonly string[] {
  return [
    ms(cost.hydraCpuMs),
    ms(cost.verifyCpuMs),
    ms(cost.serverCpuMs),
    percent(side.mainThreadBusy),
    `${ms(cost.storeMs)} (${cost.storeCalls.toFixed(0)})`,
    cost.modelCalls.toFixed(1),
    cost.events.toFixed(0),
    cost.activities.toFixed(0),
    cost.localActivities.toFixed(0),
    cost.workflowTasks.toFixed(0),
    (cost.databaseBytes / 1024).toFixed(0),
    mebibytes(side.hydraMemoryBytes),
    mebibytes(side.verifyMemoryBytes),
    mebibytes(side.serverMemoryBytes),
  ];
}

function renderIdle({ nodes, used, ...memory }: IdleMeasurement): string {
  const share = (cpuMs: number): string => percent(cpuMs / used.durationMs);
  return [
    `\`hydra up\` with ${nodes} hosts and no request, over ${Math.round(used.durationMs / 1000)} s.`,
    '',
    renderTable([
      ['process', 'memory MB', 'of one core'],
      ['main (API, workflows, fleet, stores)', mebibytes(memory.hydraMemoryBytes), share(used.hydraCpuMs)],
      ['verify', mebibytes(memory.verifyMemoryBytes), 'in the above'],
      [
        'what these have started (warm sandbox, TypeScript loader)',
        mebibytes(memory.helpersMemoryBytes),
        'in the above',
      ],
      ['Temporal', mebibytes(memory.serverMemoryBytes), share(used.serverCpuMs)],
    ]),
  ].join('\n');
}

function ms(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(value < 10 ? 1 : 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(0);
}
