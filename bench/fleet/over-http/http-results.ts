import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Circumstances } from '../../describe-machine.ts';
import { renderTable } from '../../markdown-table.ts';
import type { ScenarioChoice } from '../scenarios.ts';
import type { Foreseen } from './foresee.ts';
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
  readonly foreseen: Foreseen;
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
    'Foreseen: the makespan of the simulator when each call reaches the scheduler as late, and so in the same order, as it did over',
    'HTTP, and spends as much time beside its host; a fault strikes at the same moment, but other calls. Alone: without either; where',
    'many start at once their order is chance, and chance decides which answer is the last. Wrong: calls lost, doubled, or called complete without being so: each answer is compared letter',
    'for letter. Latency: from the grant to the arrival at the host, by the clock. Recovery, by the clock: until the last call had left',
    'a failed host; after a kill of Hydra, until a host was given a call again. Others: cores that were busy with other work; above 0.2',
    'the figures tell of them too.',
    '',
    // Taken apart once, by moments noted within the activity, on a busy machine; each part there holds for others.
    'Of the latency, about two thirds are Temporal: the step that got the grant ends, a workflow task takes it up, the call is',
    'scheduled (24 ms in the middle); 8 ms until the worker of the host has it, 1 ms for reading the prompt, 2 ms of HTTP. Calls that one',
    'job starts together get their hosts one after the other, about 8 ms each, and leave together, so the first of six waits for the',
    'sixth; and a job whose start falls among the starts of many others waits for those: these two are the slow hundredth.',
    '',
    renderTable([HEAD, ...runs.map(renderRow)]),
    '',
  ].join('\n');
}

const HEAD = [
  'scenario',
  'seed',
  'makespan s',
  'foreseen',
  'alone',
  'wrong',
  'moved',
  'job p95 s',
  'loads',
  'latency p50 / p99 ms',
  'recovery s',
  'others',
];

function renderRow({ choice, http, foreseen }: PlayedBoth): readonly string[] {
  return [
    [choice.fleet, choice.workload.replace('-', ' '), choice.fault ?? []].flat().join(', '),
    String(choice.seed),
    http.makespan.toFixed(0),
    `${foreseen.withWaits.toFixed(0)} (${percent(http.makespan / foreseen.withWaits)})`,
    foreseen.alone.toFixed(0),
    String(http.lost + http.doubled + http.wronglyComplete),
    String(http.moved),
    http.jobP95.toFixed(0),
    String(http.loads),
    `${http.latencyMs.p50} / ${http.latencyMs.p99}`,
    http.recoverySeconds?.toFixed(1) ?? '-',
    http.foreignCores.toFixed(1),
  ];
}

/** By how much the run was longer: `+4 %`. */
function percent(ratio: number): string {
  const value = Math.round((ratio - 1) * 100);
  return `${value < 0 ? '' : '+'}${value} %`;
}
