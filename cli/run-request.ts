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
  /** Ctrl-C ends the wait; whoever catches it says what becomes of the run. */
  readonly interrupts: Interrupts;
  readonly onAccepted: (runId: string) => void;
}

/** Submits a request, shows it until it has ended, prints what came out. Resolves with the exit code. */
export async function runRequest(
  client: ApiClient,
  terminal: Terminal,
  body: GenerateBody,
  options: RunRequestOptions,
): Promise<number> {
  const runId = await submit(client, body, options.interrupts.signal);
  if (runId === undefined) return EXIT.interrupted;
  options.onAccepted(runId);
  terminal.note(`Run ${runId} was accepted.`);
  const timeout = options.waitMs === undefined ? [] : [AbortSignal.timeout(options.waitMs)];
  const signal = AbortSignal.any([options.interrupts.signal, ...timeout]);
  const run = await followRun(client, terminal, runId, { showsText: options.showsText, isQuiet: options.json, signal });
  if (run !== undefined) return reportResult(client, terminal, run, options);
  if (options.interrupts.signal.aborted) return EXIT.interrupted;
  terminal.note(`The run is not finished. Watch it with: hydra events ${runId}`);
  if (options.json) terminal.print(JSON.stringify(await client.getRun(runId), null, 2));
  return EXIT.done;
}

/** The ID of the run; undefined when Ctrl-C came before the answer. */
async function submit(client: ApiClient, body: GenerateBody, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await client.submit(body, signal)).workflow_id;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function reportResult(
  client: ApiClient,
  terminal: Terminal,
  run: WireRun,
  options: RunRequestOptions,
): Promise<number> {
  const files = run.result?.files ?? [];
  if (options.json) terminal.print(JSON.stringify(run, null, 2));
  else printCode(terminal, run);
  // What was printed stays, also where it cannot be written.
  const target = options.outFolder ?? (options.resultsFolder && join(options.resultsFolder, run.workflow_id));
  const folder = target !== undefined && files.length > 0 ? await saveFiles(target, files) : undefined;
  if (options.json) return toExitCode(run);
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
