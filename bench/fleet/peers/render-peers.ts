import type { Circumstances } from '../../describe-machine.ts';
import { renderTable } from '../../markdown-table.ts';
import type { ScenarioChoice } from '../scenarios.ts';
import type { Peer } from './peer.ts';
import type { PeerFigures } from './peer-figures.ts';

export interface PeerReport {
  readonly circumstances: Circumstances;
  readonly factor: number;
  readonly seed: number;
  readonly calls: number;
  readonly peers: readonly Peer[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly rows: readonly PeerFigures[];
}

/** The comparison as Markdown. */
export function renderPeers(report: PeerReport): string {
  const sections = [
    describeBench(report),
    `## Figures\n\n${renderFigures(report.rows)}`,
    `## What ran\n\n${renderPeersUsed(report)}`,
  ];
  return `# Hydra beside other routers\n\n${sections.join('\n\n')}\n`;
}

function describeBench({ circumstances, factor, seed, calls }: PeerReport): string {
  const { date, commit, machine, node, temporal, loadBefore } = circumstances;
  return [
    `Made by \`npm run bench:peers\` on ${date}. Commit ${commit}, seed ${seed}, ${calls} calls, everything ${factor} times as fast.`,
    `${machine}; Node ${node}; ${temporal}; load average before the bench ${loadBefore.toFixed(1)}.`,
    '',
    'Hosts are simulated, each a process of its own that speaks the HTTP of Ollama: slots, one load at a time, eviction, a hidden',
    'queue, prompt caches. Every router has the same fleet of six unequal hosts and the same calls, one router after another.',
    'Burst: all calls at once. Capped burst: 12 open at a time. Crash: the fastest host resets its connections and is gone.',
    'Seconds are those of the scenario: the clock, times the speed-up. `lost`: errors that callers got; they ask again after a second.',
    '`wrongly complete`: answers that came with all signs of an end and were not whole. Ratios are to Hydra: above 1, Hydra is faster.',
    '"Others" are the cores that foreign processes kept busy meanwhile: above 0.2, the figures tell of them too.',
  ].join('\n');
}

function renderFigures(rows: readonly PeerFigures[]): string {
  const head = [
    'scenario',
    'router',
    'makespan s',
    'ratio',
    'call p50 / p95 s',
    'p95 ratio',
    'lost',
    'wrongly complete',
    'loads',
    'others',
  ];
  return renderTable([head, ...rows.map((row) => renderRow(row, hydraOf(row, rows)))]);
}

function renderRow(row: PeerFigures, hydra: PeerFigures): readonly string[] {
  return [
    describeChoice(row.choice),
    row.router,
    row.makespan.toFixed(0),
    `${(row.makespan / hydra.makespan).toFixed(2)}x`,
    `${row.jobP50.toFixed(0)} / ${row.jobP95.toFixed(0)}`,
    `${(row.jobP95 / hydra.jobP95).toFixed(2)}x`,
    String(row.lost),
    String(row.wronglyComplete),
    String(row.loads),
    row.foreignCores.toFixed(1),
  ];
}

/** Hydra's row of the same scenario, which comes first. */
function hydraOf(row: PeerFigures, rows: readonly PeerFigures[]): PeerFigures {
  return rows.find(({ choice }) => choice === row.choice) ?? row;
}

export function describeChoice({ workload, fault }: ScenarioChoice): string {
  const name = workload.replace('-', ' ');
  return fault === undefined ? name : `${name}, ${fault}`;
}

function renderPeersUsed({ peers, skipped }: PeerReport): string {
  return [
    '- Hydra, this commit: defaults, told the memory of each host, nothing of speeds; end to end, each call a workflow of its own.',
    ...peers.map(({ name, version, configuration }) => `- ${name}, ${version}: ${configuration}.`),
    ...skipped.map(({ name, reason }) => `- ${name} was left out: ${reason}`),
  ].join('\n');
}
