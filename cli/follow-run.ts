import { setTimeout as delay } from 'node:timers/promises';
import type { WireRun } from '../api/wire-run.ts';
import type { ApiClient } from './api-client.ts';
import { createProgressView } from './show-progress.ts';
import type { Terminal } from './terminal.ts';

export interface FollowRunOptions {
  readonly showsText: boolean;
  /** Says nothing but errors. */
  readonly isQuiet: boolean;
  readonly signal: AbortSignal;
}

// The last event comes a moment before or after the run's row is final.
const SETTLE_POLL_MS = 100;

/** Shows a run until it has ended and returns it; undefined when the signal aborted before. */
export async function followRun(
  client: ApiClient,
  terminal: Terminal,
  runId: string,
  options: FollowRunOptions,
): Promise<WireRun | undefined> {
  const view = options.isQuiet ? undefined : createProgressView(terminal, options.showsText);
  const onReconnect = (reason: string) => view && terminal.showStatus(`connection lost (${reason}); trying again`);
  try {
    for await (const event of client.followEvents(runId, { signal: options.signal, onReconnect })) view?.show(event);
    return await readEndedRun(client, runId, options.signal);
  } finally {
    view?.close();
  }
}

async function readEndedRun(client: ApiClient, runId: string, signal: AbortSignal): Promise<WireRun | undefined> {
  while (!signal.aborted) {
    const run = await client.getRun(runId);
    if (run.status !== 'queued' && run.status !== 'running') return run;
    await delay(SETTLE_POLL_MS);
  }
  return undefined;
}
