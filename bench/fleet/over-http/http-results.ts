import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Circumstances } from '../../describe-machine.ts';
import { renderTable } from '../../markdown-table.ts';
import type { ScenarioChoice } from '../scenarios.ts';
import type { HttpFigures } from './measure-http-run.ts';

/** What the bench over real HTTP found; kept as JSON, so that the report of the simulator can take it up. */
export interface HttpResults {
  readonly circumstances: Circumstances;
  readonly factor: number;
  readonly runs: readonly PlayedBoth[];
}

/** One scenario, as it went over HTTP and as the simulator foresees it. */
export interface PlayedBoth {
  readonly choice: ScenarioChoice;
  readonly http: HttpFigures;
  /** Makespan in the scenario's own time. */
  readonly simulatedMakespan: number;
}

/** In the folder of the results. */
export const HTTP_RESULT_FILE = 'fleet-over-http.json';

/** The section of the report, from the last results in the folder; empty where there are none. */
export function renderHttpSection(folder: string): string {
  const file = join(folder, HTTP_RESULT_FILE);
  return existsSync(file) ? render(JSON.parse(readFileSync(file, 'utf8')) as HttpResults) : '';
}

function render({ circumstances, factor, runs }: HttpResults): string {
  const { date, commit, machine, node, temporal } = circumstances;
  return [
    '## Over real HTTP, end to end',
    '',
    `Made by \`npm run bench:fleet-http\` on ${date}. Commit ${commit}. ${machine}; Node ${node}; ${temporal}.`,
    `Hosts are processes that speak the HTTP of Ollama, everything ${factor} times as fast; Hydra runs in a process of its own, each job`,
    'is a workflow on Temporal. Seconds of makespans and jobs are those of the scenario; what is told "by the clock" is not.',
    'Foreseen: the makespan of the simulator, with what the calls of the last host spent beside it added. Wrong: calls lost, doubled,',
    'or called complete without being so: each answer is compared letter for letter. Latency: from the grant to the arrival at the',
    'host, by the clock. Recovery, by the clock: until the last call had left a failed host; after a kill of Hydra, until a host was',
    'given a call again. Others: cores that were busy with other work; above 0.2 the figures tell of them too.',
    '',
    renderTable([HEAD, ...runs.map((run) => renderRow(run, factor))]),
    '',
  ].join('\n');
}

const HEAD = [
  'scenario',
  'seed',
  'makespan s',
  'foreseen',
  'wrong',
  'moved',
  'job p95 s',
  'loads',
  'latency p50 / p99 ms',
  'recovery s',
  'others',
];

function renderRow({ choice, http, simulatedMakespan }: PlayedBoth, factor: number): readonly string[] {
  const foreseen = simulatedMakespan + (http.overhead.lastHostMs / 1000) * factor;
  return [
    [choice.fleet, choice.workload.replace('-', ' '), choice.fault ?? []].flat().join(', '),
    String(choice.seed),
    http.makespan.toFixed(0),
    foreseen.toFixed(0),
    String(http.lost + http.doubled + http.wronglyComplete),
    String(http.moved),
    http.jobP95.toFixed(0),
    String(http.loads),
    `${http.latencyMs.p50} / ${http.latencyMs.p99}`,
    http.recoverySeconds?.toFixed(1) ?? '-',
    http.foreignCores.toFixed(1),
  ];
}
