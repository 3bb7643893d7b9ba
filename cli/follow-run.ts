import { setTimeout as delay } from 'node:timers/promises';
import type { WireRun } from '../api/wire-run.ts';
import type { ApiClient } from './api-client.ts';
import { isOpen } from './exit-codes.ts';
import { createProgressView } from './show-progress.ts';
import type { Terminal } from './terminal.ts';

export interface FollowRunOptions {
  readonly showsText: boolean;
  /** Says nothing but errors. */
  readonly isQuiet: boolean;
  /** Shows only the events after this sequence. */
  readonly after?: number;
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
    const { signal, after } = options;
    const from = after === undefined ? {} : { after };
    for await (const event of client.followEvents(runId, { ...from, signal, onReconnect })) view?.show(event);
    return await readEndedRun(client, runId, options.signal);
  } finally {
    view?.close();
  }
}

async function readEndedRun(client: ApiClient, runId: string, signal: AbortSignal): Promise<WireRun | undefined> {
  while (!signal.aborted) {
    const run = await client.getRun(runId);
    if (!isOpen(run)) return run;
    await delay(SETTLE_POLL_MS);
  }
  return undefined;
}
