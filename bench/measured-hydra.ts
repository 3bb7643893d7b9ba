import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { RememberingDependencies } from '../activities/dependencies.ts';
import type { RunGateway } from '../api/run-gateway.ts';
import { submitRun } from '../api/submit-run.ts';
import { createTemporalRunGateway } from '../api/temporal-run-gateway.ts';
import type { Settings } from '../config/settings.ts';
import type { RunId } from '../domain/ids.ts';
import { createEventWriter } from '../memory/event-writer.ts';
import type { Memory } from '../memory/ports.ts';
import { connectTemporal } from '../workers/connect-temporal.ts';
import { openEntries } from '../workers/open-entries.ts';
import { openRecord } from '../workers/open-record.ts';
import { readPromptsVersion } from '../workers/prompts-version.ts';
import { toRunTimeouts } from '../workers/run-timeouts.ts';
import { runWorkers } from '../workers/run-workers.ts';
import { startVerifyProcess } from '../workers/verify-process.ts';
import type { Answers, LoadReport, Orders } from './messages.ts';
import { readHistory } from './read-history.ts';
import { runLoad } from './run-load.ts';
import { timeMemory, type StoreTime } from './timed-memory.ts';
import { createRequest, type Checkers } from './workload.ts';

/** A Hydra that carries out the bench's orders: processes, workers, stores and submission as in the service, and an instant sandbox. */
export interface MeasuredHydra {
  load(order: Orders['load']): Promise<Answers['load']>;
  histories(order: Orders['histories']): Promise<Answers['histories']>;
  stop(): Promise<null>;
}

/** A stock server at its limit answers late; a caller of the bench waits and does not hand in again. */
const SUBMIT_DEADLINE_MS = 120_000;
const GRACE_MS = 500;
const VERIFY_MAIN = join(import.meta.dirname, 'verify-process-main.ts');

export async function startMeasuredHydra(settings: Settings, checkers: Checkers): Promise<MeasuredHydra> {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  const { memory, spent } = timeMemory(await openRecord(settings));
  const events = createEventWriter(memory.events);
  const temporal = await connectTemporal(settings);
  const { client, nativeConnection, namespace } = temporal;
  const report = (sentence: string): void => console.error(sentence);
  const { entries } = await openEntries({ settings, memory, readVariable: () => undefined, report });
  const promptsVersion = await readPromptsVersion();
  const deps: RememberingDependencies = { memory, entries, events, settings, promptsVersion };
  const place = { connection: nativeConnection, namespace, graceMs: GRACE_MS, onDeath: fail };
  const verify = startVerifyProcess({ settings, report, program: { path: VERIFY_MAIN, arguments: [checkers] } });
  const workers = await runWorkers({ place, deps, verify, report: () => {} });
  const runs = createTemporalRunGateway({ client, timeouts: toRunTimeouts(settings), deadlineMs: SUBMIT_DEADLINE_MS });
  return {
    load: (order) => carryOut(order, { memory, runs, settings, spent }),
    histories: async ({ runIds }) => Promise.all(runIds.map((runId) => readHistory(client, runId))),
    async stop() {
      await workers.stop();
      await events.close();
      await temporal.close();
      await memory.close();
      return null;
    },
  };
}

interface Submission {
  readonly memory: Memory;
  readonly runs: RunGateway;
  readonly settings: Settings;
  readonly spent: () => StoreTime;
}

async function carryOut({ load, seed, firstIndex }: Orders['load'], submission: Submission): Promise<LoadReport> {
  const [cpuBefore, loopBefore, storesBefore] = [
    process.cpuUsage(),
    performance.eventLoopUtilization(),
    submission.spent(),
  ];
  const startedAt = performance.now();
  const ended = await runLoad(load, (index) => runOne(submission, seed, firstIndex + index, load.candidates));
  const durationMs = performance.now() - startedAt;
  const cpu = process.cpuUsage(cpuBefore);
  const stores = submission.spent();
  return {
    runIds: ended.map((one) => one.runId),
    durationMs,
    requestMs: ended.map((one) => one.requestMs),
    failures: ended.flatMap((one) => (one.problem === null ? [] : [`${one.runId}: ${one.problem}`])),
    mainThreadBusy: performance.eventLoopUtilization(loopBefore).utilization,
    cpuMs: (cpu.user + cpu.system) / 1000,
    stores: { calls: stores.calls - storesBefore.calls, ms: stores.ms - storesBefore.ms },
  };
}

/** Hands in a request and waits, as a reader of its events does, until it has ended. */
async function runOne({ memory, runs, settings }: Submission, seed: number, index: number, candidates: number) {
  const request = createRequest(seed, index, candidates, settings);
  const sent = { body: {}, idempotencyKey: undefined, request };
  const { runId } = await submitRun({ memory, runs, maxOpenRuns: Number.MAX_SAFE_INTEGER }, sent);
  await untilFinished(memory, runId);
  const run = await memory.runs.find(runId);
  const state = run?.result?.state;
  return { runId, problem: state === 'verified' ? null : (run?.error?.message ?? `ended as ${state ?? run?.status}`) };
}

async function untilFinished(memory: Memory, runId: RunId): Promise<void> {
  const never = new AbortController().signal;
  for await (const event of memory.events.subscribe(runId, 0, never)) if (event.body.type === 'run.finished') return;
}

function fail(error: unknown): void {
  throw error;
}
