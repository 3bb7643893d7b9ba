import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { loadSettings } from '../../../config/load-settings.ts';
import type { TemporalDevConfig } from '../../../config/load-temporal-dev.ts';
import type { NodeId, RunId } from '../../../domain/ids.ts';
import type { NodeAddress } from '../../../domain/node.ts';
import type { Memory } from '../../../memory/ports.ts';
import { openSqliteMemory } from '../../../memory/sqlite/open-sqlite-memory.ts';
import { toRunTimeouts } from '../../../workers/run-timeouts.ts';
import { CONTROL_QUEUE } from '../../../workflows/contract.ts';
import { startBenchTemporal } from '../../bench-temporal.ts';
import type { BenchJob, Scenario } from '../scenario.ts';
import { checkAnswers } from './check-answers.ts';
import { CONTEXT_TOKENS } from './context-tokens.ts';
import { createSteps } from './create-steps.ts';
import { coresBetween, readCpu } from './foreign-load.ts';
import { startHostFleet, type HostFleet } from './host-fleet.ts';
import type { HttpRun } from './http-run.ts';
import { playFaults } from './play-faults.ts';
import { playWorkload } from './play-workload.ts';
import type { PlayedAnswer } from './played-answer.ts';
import { readFaultSeen } from './read-fault-seen.ts';
import { startRestartableRouter, type RestartableRouter } from './restartable-router.ts';
import type { playJob } from './workflows.ts';

/** What a run over real HTTP needs beside its scenario. */
export interface HttpStage {
  /** The temporal command. */
  readonly executable: string;
  readonly dev: TemporalDevConfig;
  /** File with the bundled workflows of the bench. */
  readonly codePath: string;
}

/**
 * Plays a scenario, made faster by `factor` already, end to end: hosts as processes that speak HTTP, a Temporal server, a
 * Hydra in a process of its own, and this process as its client.
 */
export async function playOverHttp(scenario: Scenario, factor: number, stage: HttpStage): Promise<HttpRun> {
  const home = await mkdtemp(join(tmpdir(), 'hydra-fleet-'));
  const temporal = await startBenchTemporal(stage.executable, home, stage.dev);
  const environment = {
    HYDRA_HOME: home,
    TEMPORAL_ADDRESS: temporal.address,
    HYDRA_CONTEXT_TOKENS: String(CONTEXT_TOKENS),
  };
  const [hosts, memory] = await Promise.all([startHostFleet(scenario.fleet), openSqliteMemory({ folder: home })]);
  // What is started here ends with this process, so a start that fails leaves nothing behind.
  const router = await startRestartableRouter(environment, { nodes: addressesOf(hosts), codePath: stage.codePath });
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const surroundings = { scenario, factor, hosts, memory, router, client: new Client({ connection }), environment };
    return await play(surroundings);
  } finally {
    await connection.close();
    await router.stop();
    await Promise.all([hosts.stop(), temporal.stop(), memory.close()]);
    await rm(home, { recursive: true, force: true });
  }
}

/** Memory as an operator knows it; of speeds nothing. */
function addressesOf({ hosts }: HostFleet): readonly NodeAddress[] {
  return hosts.map(({ host, url }) => ({ id: host.id as NodeId, url, slots: host.slots, vramBytes: host.vramBytes }));
}

interface Surroundings {
  readonly scenario: Scenario;
  readonly factor: number;
  readonly hosts: HostFleet;
  readonly memory: Memory;
  readonly router: RestartableRouter;
  readonly client: Client;
  readonly environment: Readonly<Record<string, string>>;
}

async function play(surroundings: Surroundings): Promise<HttpRun> {
  const { scenario, factor, hosts, memory, router } = surroundings;
  const prepared = await prepareJobs(surroundings);
  const cpuBefore = readCpu();
  const startedAtMs = Date.now();
  const faults = playFaults(scenario.faults, hosts, router);
  const answers: PlayedAnswer[] = [];
  const played = playWorkload(scenario.workload, async (job) => {
    answers.push(...(await prepared.get(job.id)!()));
  });
  // Where the router fails, nobody waits for the jobs, which wait for ever.
  played.catch(() => {});
  const jobs = await Promise.race([played, router.failed]).finally(() => faults.callOff());
  const cores = coresBetween(cpuBefore, readCpu());
  const faultAtMs = await faults.firstAtMs();
  const reports = await hosts.reports();
  const checked = await checkAnswers(scenario, answers, memory);
  return {
    scenario,
    factor,
    startedAtMs,
    jobs,
    answers,
    grants: router.grants,
    hosts: reports,
    fault: faultAtMs === null ? null : await readFaultSeen(scenario, faultAtMs, memory),
    ...checked,
    ownCores: cores.own,
    foreignCores: cores.foreign,
  };
}

/** Stores every prompt before the clock starts: a client has its prompts, too. */
async function prepareJobs({ scenario, memory, client, environment }: Surroundings) {
  const loaded = loadSettings({ environment, folder: join(import.meta.dirname, '../../..') });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const timeouts = toRunTimeouts(loaded.settings);
  const start = async (job: BenchJob): Promise<() => Promise<readonly PlayedAnswer[]>> => {
    const calls = await createSteps(job, job.id as RunId, memory.artifacts);
    const options = { taskQueue: CONTROL_QUEUE, workflowId: job.id, args: [{ calls, timeouts }] as const };
    return () => client.workflow.execute<typeof playJob>('playJob', { ...options, args: [...options.args] });
  };
  const entries: [string, () => Promise<readonly PlayedAnswer[]>][] = [];
  for (const job of scenario.workload.jobs) entries.push([job.id, await start(job)]);
  return new Map(entries);
}
