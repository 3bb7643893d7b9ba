import { queuedRun, type RunRecord } from '../domain/run.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { Memory } from '../memory/ports.ts';
import type { ExecutedRun, RunGateway, RunOutcome } from './run-gateway.ts';

export interface ReconcilerDeps {
  readonly memory: Pick<Memory, 'artifacts' | 'events' | 'runs'>;
  readonly runs: RunGateway;
  readonly intervalMs: number;
  reportError(error: unknown): void;
}

/** Keeps the run table true to what is executed. */
export interface RunReconciler {
  /** Compares once; concurrent calls share one comparison. */
  reconcile(): Promise<void>;
  /** Compares now and then at every interval; a comparison that fails is reported and the next one tries again. */
  start(): void;
  /** No new comparison begins; resolves when the last one has ended. */
  stop(): Promise<void>;
}

// A start that was recorded late by the server, or by a clock that lags behind ours, must not slip between two comparisons.
const OVERLAP_MS = 5 * 60_000;

/**
 * Gives open rows whose workflow has ended their true status, and workflows without a row a row.
 * Both happen when a process dies between Temporal and the table.
 */
export function createRunReconciler(deps: ReconcilerDeps): RunReconciler {
  let listedUntil = new Date(0);
  let current: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function compare(): Promise<void> {
    const startedAt = new Date();
    for (const run of await deps.runs.listStartedSince(listedUntil)) await addMissingRow(deps, run);
    listedUntil = new Date(startedAt.getTime() - OVERLAP_MS);
    await settleRows(deps);
  }

  const reconcile = () => (current ??= compare().finally(() => (current = undefined)));
  const reconcileQuietly = () => void reconcile().catch((error: unknown) => deps.reportError(error));

  return {
    reconcile,
    start() {
      reconcileQuietly();
      timer = setInterval(reconcileQuietly, deps.intervalMs);
    },
    async stop() {
      clearInterval(timer);
      await current?.catch(() => undefined);
    },
  };
}

async function addMissingRow({ memory }: ReconcilerDeps, run: ExecutedRun): Promise<void> {
  if (await memory.runs.find(run.runId)) return;
  const text = await memory.artifacts.getText(run.requestHash);
  // Another store's run on a shared Temporal server: not ours to list.
  if (text === undefined) return;
  await memory.runs.insert(queuedRun(run.runId, JSON.parse(text) as SynthesisRequest, run.startedAt));
}

const LOST: RunOutcome = {
  status: 'failed',
  error: { type: 'RunNotFound', message: 'The Temporal server has lost the workflow of this run.', details: {} },
};

/** One listing tells which rows are plainly open; only the others are asked about one by one. */
async function settleRows(deps: ReconcilerDeps): Promise<void> {
  const rows = await deps.memory.runs.listOpen();
  if (rows.length === 0) return;
  const open = new Set((await deps.runs.listOpen()).map((run) => run.runId));
  for (const row of rows) if (!open.has(row.id)) await settleRow(deps, row);
}

async function settleRow({ memory, runs }: ReconcilerDeps, row: RunRecord): Promise<void> {
  const found = await runs.describe(row.id);
  const outcome = found === undefined ? LOST : found.outcome;
  if (outcome === null) return;
  const isSettled = await memory.runs.update(row.id, outcome);
  if (!isSettled) return;
  const summary = outcome.status === 'completed' ? outcome.result.state : outcome.error.message;
  const body = { type: 'run.finished', status: outcome.status, summary } as const;
  await memory.events.append([{ runId: row.id, partId: null, stepKey: null, attempt: 1, body }]);
}
