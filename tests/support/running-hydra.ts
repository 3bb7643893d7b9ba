import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { join } from 'node:path';
import { createTemporalRunGateway } from '../../api/temporal-run-gateway.ts';
import { submitRun } from '../../api/submit-run.ts';
import type { RememberingDependencies } from '../../activities/dependencies.ts';
import { loadSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import type { RunId } from '../../domain/ids.ts';
import type { Program } from '../../domain/program.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import { isTerminal, type RunRecord } from '../../domain/run.ts';
import { STATIC_TOOLS } from '../../languages/static-tools.ts';
import { createEventWriter } from '../../memory/event-writer.ts';
import type { EntryMemory } from '../../memory/entry-ports.ts';
import type { Memory } from '../../memory/ports.ts';
import type { ProgramRunner } from '../../sandbox/program-runner.ts';
import type { WorkerPlace } from '../../workers/control-worker.ts';
import { connectTemporal, type TemporalConnections } from '../../workers/connect-temporal.ts';
import { openEntries } from '../../workers/open-entries.ts';
import { openRecord } from '../../workers/open-record.ts';
import { readPromptsVersion } from '../../workers/prompts-version.ts';
import { runWorkers } from '../../workers/run-workers.ts';
import { toRunTimeouts } from '../../workers/run-timeouts.ts';
import { startVerifyProcess } from '../../workers/verify-process.ts';
import { startVerifyWorker } from '../../workers/verify-worker.ts';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import type { TemporalDevServer } from '../../workers/temporal-dev-server.ts';
import { aRequest } from './candidates.ts';
import { findFreePort } from './free-port.ts';
import { startOwnTemporal } from './own-temporal.ts';

/** Workers, memory and Temporal as in production, in this process and in a folder of their own. */
export interface RunningHydra {
  readonly settings: Settings;
  readonly memory: Memory;
  readonly entries: EntryMemory;
  readonly temporal: TemporalConnections;
  readonly temporalServer: TemporalDevServer;
  submit(request: Partial<SynthesisRequest>, id?: string): Promise<RunId>;
  cancel(id: RunId): Promise<boolean>;
  /** Waits until the run has ended, and gives its row. */
  outcome(id: RunId): Promise<RunRecord>;
  events(id: RunId): Promise<readonly RunEvent[]>;
  program(run: RunRecord): Promise<Program>;
  stop(): Promise<void>;
}

export interface HydraOptions {
  /** Base URLs of the hosts by name. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Verifies in this process; null: nothing is run. Absent: a process of its own, with the best sandbox of this machine. */
  readonly runner?: ProgramRunner | null;
}

/** Heartbeats and probes are short, so that a death is noticed within the patience of a test. */
const QUICK: Readonly<Record<string, string>> = {
  HYDRA_PROBE_INTERVAL_SECONDS: '1',
  HYDRA_PROBE_TIMEOUT_SECONDS: '2',
  HYDRA_SHUTDOWN_GRACE_SECONDS: '1',
  // Scripted models go by the words of the prompt, which must be those of one request; tests of recall set it.
  HYDRA_RECALL_TOKENS: '0',
};

let runtimeIsInstalled = false;

function installQuietRuntime(): void {
  if (!runtimeIsInstalled) Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  runtimeIsInstalled = true;
}

export async function startHydra(options: HydraOptions): Promise<RunningHydra> {
  installQuietRuntime();
  const home = await mkdtemp(join(tmpdir(), 'hydra-test-'));
  const [port, uiPort] = [await findFreePort(), await findFreePort()];
  const temporalServer = await startOwnTemporal({ folder: home, port, uiPort });
  const settings = testSettings(home, temporalServer.address, options);
  const memory = await openRecord(settings);
  const events = createEventWriter(memory.events);
  const temporal = await connectTemporal(settings);
  const { environment = {} } = options;
  const readVariable = (name: string): string | undefined => environment[name];
  const remembering = await openEntries({ settings, memory, readVariable, report: () => {} });
  const { entries } = remembering;
  const promptsVersion = await readPromptsVersion();
  const deps: RememberingDependencies = { memory, entries, events, settings, promptsVersion };
  const place: WorkerPlace = {
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    graceMs: 500,
    onDeath: fail,
  };
  const { runner } = options;
  const verify =
    runner === undefined
      ? startVerifyProcess({ settings, report: () => {} })
      : startVerifyWorker(place, { ...deps, runner, noRunnerReason: 'this test runs nothing', tools: STATIC_TOOLS });
  const workers = await runWorkers({ place, deps, verify, report: () => {} });
  const runs = createTemporalRunGateway({ client: temporal.client, timeouts: toRunTimeouts(settings) });
  return {
    settings,
    memory,
    entries,
    temporal,
    temporalServer,
    async submit(change, id) {
      const sent = { body: id ? { workflow_id: id } : {}, idempotencyKey: undefined, request: aRequest(change) };
      return (await submitRun({ memory, runs, maxOpenRuns: 1_000 }, sent)).runId;
    },
    cancel: (id) => runs.cancel(id),
    outcome: (id) => waitForOutcome(memory, id),
    events: (id) => memory.events.read(id, 0, 10_000),
    program: async (run) => JSON.parse((await memory.artifacts.getText(run.result!.programHash!)) ?? '') as Program,
    async stop() {
      await replayEverything(temporal, settings);
      await workers.stop();
      await remembering.close();
      await events.close();
      await temporal.close();
      await temporalServer.stop();
      await memory.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function testSettings(home: string, temporalAddress: string, { nodes, environment }: HydraOptions): Settings {
  const loaded = loadSettings({
    environment: {
      ...QUICK,
      HYDRA_HOME: home,
      HYDRA_CACHE: process.env['HYDRA_CACHE'],
      HYDRA_NODES: Object.entries(nodes)
        .map(([id, url]) => `${id}=${url}`)
        .join(','),
      TEMPORAL_ADDRESS: temporalAddress,
      ...environment,
    },
    folder: join(import.meta.dirname, '../..'),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

function fail(error: unknown): void {
  throw error;
}

/** Every history that a test made has to replay: what ran in another order than its history says shows only here. */
async function replayEverything({ client }: TemporalConnections, { cache }: Settings): Promise<void> {
  const workflowBundle = await buildWorkflowBundle(cache);
  const problems: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle },
    client.workflow.list().intoHistories(),
  )) {
    if (error) problems.push(`${workflowId}: ${error.message.slice(0, 400)}`);
  }
  if (problems.length > 0) throw new Error(`These histories do not replay:\n${problems.join('\n')}`);
}

async function waitForOutcome(memory: Memory, id: RunId): Promise<RunRecord> {
  for (;;) {
    const run = await memory.runs.find(id);
    if (run && isTerminal(run.status)) return run;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
