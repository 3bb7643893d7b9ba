import { join } from 'node:path';
import type { GenerateBody } from '../api/wire-request.ts';
import type { WireRun } from '../api/wire-run.ts';
import type { ApiClient } from './api-client.ts';
import { EXIT, toExitCode } from './exit-codes.ts';
import { followRun } from './follow-run.ts';
import { describeRun } from './format.ts';
import type { Interrupts } from './interrupts.ts';
import { saveFiles } from './save-files.ts';
import type { Terminal } from './terminal.ts';

export interface RunRequestOptions {
  readonly json: boolean;
  readonly showsText: boolean;
  /** Folder to write the files into. */
  readonly outFolder?: string;
  /** Folder that gets a folder of the run's name with its files. */
  readonly resultsFolder?: string;
  /** Longest wait; absent: until the run has ended. */
  readonly waitMs?: number;
  readonly interrupts: Interrupts;
}

/** Submits a request, shows it until it has ended, prints what came out. Resolves with the exit code. */
export async function runRequest(
  client: ApiClient,
  terminal: Terminal,
  body: GenerateBody,
  options: RunRequestOptions,
): Promise<number> {
  const { workflow_id: runId } = await client.submit(body);
  terminal.note(`Run ${runId} was accepted.`);
  const timeout = options.waitMs === undefined ? [] : [AbortSignal.timeout(options.waitMs)];
  const signal = AbortSignal.any([options.interrupts.signal, ...timeout]);
  const run = await followRun(client, terminal, runId, { showsText: options.showsText, isQuiet: options.json, signal });
  if (run !== undefined) return reportResult(client, terminal, run, options);
  if (options.interrupts.signal.aborted) {
    terminal.note(`The run goes on. Come back to it with: hydra events ${runId}`);
    return EXIT.interrupted;
  }
  terminal.note(`The run is not finished. Watch it with: hydra events ${runId}`);
  if (options.json) terminal.print(JSON.stringify(await client.getRun(runId), null, 2));
  return EXIT.done;
}

async function reportResult(
  client: ApiClient,
  terminal: Terminal,
  run: WireRun,
  options: RunRequestOptions,
): Promise<number> {
  const files = run.result?.files ?? [];
  const target = options.outFolder ?? (options.resultsFolder && join(options.resultsFolder, run.workflow_id));
  const folder = target !== undefined && files.length > 0 ? await saveFiles(target, files) : undefined;
  if (options.json) {
    terminal.print(JSON.stringify(run, null, 2));
    return toExitCode(run);
  }
  printCode(terminal, run);
  terminal.note('');
  for (const line of describeRun(run)) terminal.note(line);
  if (files.length > 0) terminal.note(`Files    ${describePlace(client, run, folder)}`);
  return toExitCode(run);
}

/** The main file, and where there are several, each under its name. */
function printCode(terminal: Terminal, run: WireRun): void {
  const files = run.result?.files ?? [];
  for (const file of files) {
    if (files.length > 1) terminal.print(terminal.colors.bold(`=== ${file.path}`));
    terminal.print(file.content.trimEnd());
  }
}

function describePlace(client: ApiClient, run: WireRun, folder: string | undefined): string {
  const names = run.result?.files.map((file) => file.path).join(', ') ?? '';
  if (folder !== undefined) return `${names} in ${folder}`;
  return `${names}; write them with --out DIR, or get ${client.url}${run.status_url}/files?format=zip`;
}
