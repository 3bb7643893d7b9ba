import { renderTable } from '../markdown-table.ts';
import { renderAims } from './render-aims.ts';
import type { BlackHoleMeasurement } from './measure-black-hole.ts';
import type { ReadMeasurement } from './measure-reads.ts';
import type { RecallMeasurement } from './measure-recall.ts';
import type { SearchMeasurement } from './measure-search.ts';
import type { MemoryReport } from './memory-report.ts';
import { VECTOR_LENGTH } from './made-vectors.ts';
import type { Timing } from './take-turns.ts';

/** The report as Markdown. */
export function renderMemoryReport(report: MemoryReport): string {
  const sections = [
    describeBench(report),
    `## Aims\n\n${renderAims(report)}`,
    `## Reading\n\n${renderReads(report.reads)}`,
    `## One server black-holed\n\n${renderBlackHoles(report.blackHoles)}`,
    `## The ten nearest entries\n\n${renderSearches(report.searches)}`,
    `## The same request again\n\n${renderRecalls(report.recalls)}`,
  ];
  return `# Memory\n\n${sections.join('\n\n')}\n`;
}

function describeBench({ circumstances, servers, plan }: MemoryReport): string {
  const { date, commit, machine, node, loadBefore } = circumstances;
  return [
    `Made by \`npm run bench:memory\` on ${date}. Commit ${commit}.`,
    `${machine}; Node ${node}; ${servers}; load average before the bench ${loadBefore.toFixed(1)}.`,
    '',
    'All servers are real and run on this machine, so that a call over the network costs nothing but its processing. Each way of',
    'reading takes turns with a bare call of the same server by its own driver, one call at a time, and both read the same bytes:',
    `${plan.rounds} rounds of ${plan.calls} calls each. The bare call gives text; Hydra parses it, checks every field, and keeps to a deadline.`,
    'A tier is one store by itself; the whole is what the rest of Hydra calls.',
  ].join('\n');
}

function renderReads(reads: readonly ReadMeasurement[]): string {
  const head = ['', 'value', '', 'calls/s', 'p50 / p99 ms', 'bare driver', 'calls/s', 'p50 / p99 ms', 'ratio of p50'];
  const rows = reads.map(({ part, name, bareName, sizeBytes, outcome, ours, bare }) => [
    `${part}: ${name}`,
    outcome === 'hit' ? `${sizeBytes / 1000} kB` : '',
    outcome,
    ...cells(ours),
    bareName,
    ...cells(bare),
    ratio(ours, bare),
  ]);
  return [
    renderTable([head, ...rows]),
    '',
    'SQLite answers within this process, in microseconds: what is done around its call weighs more than anywhere else. As the record',
    'on one machine it is faster than Redis, which pays where Postgres is the record or a server is far.',
  ].join('\n');
}

function cells({ perSecond, p50Ms, p99Ms }: Timing): readonly string[] {
  return [perSecond.toFixed(0), `${ms(p50Ms)} / ${ms(p99Ms)}`];
}

function ratio(ours: Timing, bare: Timing): string {
  return `${(ours.p50Ms / bare.p50Ms).toFixed(2)}x`;
}

function renderBlackHoles(blackHoles: readonly BlackHoleMeasurement[]): string {
  const rows = blackHoles.map(({ name, deadlineMs, waiting, resting }) => [
    name,
    String(deadlineMs),
    ms(waiting.maxMs),
    `${ms(resting.p50Ms)} / ${ms(resting.maxMs)}`,
  ]);
  return [
    'A miss through all tiers while one server takes connections and says nothing. After three that waited it is left alone.',
    '',
    renderTable([['server', 'deadline ms', 'longest of the first three ms', 'then p50 / longest ms'], ...rows]),
  ].join('\n');
}

function renderSearches(searches: readonly SearchMeasurement[]): string {
  const [first] = searches;
  const rows = searches.map(({ name, bareName, fillSeconds, ours, bare, recall }) => [
    name,
    `${ms(ours.p50Ms)} / ${ms(ours.p99Ms)}`,
    `${(recall * 100).toFixed(1)} %`,
    bareName,
    `${ms(bare.p50Ms)} / ${ms(bare.p99Ms)}`,
    `${fillSeconds.toFixed(0)} s`,
  ]);
  return [
    `Among ${first?.vectors ?? 0} made vectors of ${VECTOR_LENGTH} numbers: kinds by chance and entries around them, since no real`,
    'embedding model could be had. "Found" is the share of the ten truly nearest, by an exact comparison of every vector.',
    '',
    renderTable([['index', 'p50 / p99 ms', 'found', 'bare call', 'p50 / p99 ms', 'filled in'], ...rows]),
  ].join('\n');
}

function renderRecalls(recalls: readonly RecallMeasurement[]): string {
  const rows = recalls.map(({ name, requests, first, second, alone }) => [
    name,
    String(requests),
    `${first.modelCalls} / ${first.seconds.toFixed(1)} s`,
    `${second.modelCalls} / ${second.seconds.toFixed(1)} s`,
    `${second.recalled} of ${requests}`,
    `${first.modelCalls - second.modelCalls} calls, ${(first.seconds - second.seconds).toFixed(1)} s`,
    `${ms(alone.p50Ms)} / ${ms(alone.p99Ms)}`,
  ]);
  const head = ['tiers', 'requests', 'first time', 'second time', 'recalled', 'saved', 'one alone p50 / p99 ms'];
  return [
    'Requests with an example, handed in over the API of a service with a simulated host of 40 tokens a second and a real sandbox,',
    'four at a time; then all of them once more; then one after another, from submission to result. "First" and "second" are model',
    'calls and seconds.',
    '',
    renderTable([head, ...rows]),
  ].join('\n');
}

function ms(value: number): string {
  return value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 0);
}
