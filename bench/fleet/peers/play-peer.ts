import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { answerOf } from '../over-http/bench-texts.ts';
import { coresBetween, readCpu } from '../over-http/foreign-load.ts';
import { startHostFleet } from '../over-http/host-fleet.ts';
import { playFaults } from '../over-http/play-faults.ts';
import { playWorkload, type JobTimes } from '../over-http/play-workload.ts';
import type { HostReport } from '../over-http/host-messages.ts';
import type { BenchCall, BenchJob, Scenario } from '../scenario.ts';
import type { Peer, RunningPeer } from './peer.ts';

/** What a client of a peer has seen. */
export interface PeerRun {
  readonly jobs: readonly JobTimes[];
  /** Errors that the caller got, by their texts; it asked again each time. */
  readonly lost: readonly string[];
  /** Calls whose first answer without an error was not the complete one. */
  readonly wronglyComplete: readonly string[];
  readonly hosts: ReadonlyMap<string, HostReport>;
  readonly foreignCores: number;
}

/** As in the simulator: the caller asks again after an error. */
const CALLER_RETRY_MS = 1000;

/** Plays a scenario with a peer in front of hosts of its own. */
export async function playPeer(scenario: Scenario, peer: Peer): Promise<PeerRun> {
  const folder = await mkdtemp(join(tmpdir(), 'hydra-peer-'));
  const hosts = await startHostFleet(scenario.fleet);
  let running: RunningPeer | null = null;
  try {
    running = await peer.start(hosts.hosts, folder);
    const client = createClient(running);
    const cpuBefore = readCpu();
    const faults = playFaults(scenario.faults, hosts, null);
    const jobs = await playWorkload(scenario.workload, (job) => client.playJob(job)).finally(() => faults.callOff());
    const { foreign } = coresBetween(cpuBefore, readCpu());
    await faults.firstAtMs();
    const { lost, wronglyComplete } = client;
    return { jobs, lost, wronglyComplete, hosts: await hosts.reports(), foreignCores: foreign };
  } finally {
    await running?.stop();
    await hosts.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function createClient(peer: RunningPeer) {
  const lost: string[] = [];
  const wronglyComplete: string[] = [];

  async function ask(call: BenchCall, earlier: ReadonlyMap<string, Promise<void>>): Promise<void> {
    for (const id of call.after) await earlier.get(id);
    for (;;) {
      try {
        const { text } = await peer.ask(call);
        if (text !== answerOf(call)) wronglyComplete.push(call.id);
        return;
      } catch (error) {
        lost.push(error instanceof Error ? error.message : String(error));
        await delay(CALLER_RETRY_MS);
      }
    }
  }

  return {
    lost,
    wronglyComplete,
    async playJob({ calls }: BenchJob): Promise<void> {
      const ended = new Map<string, Promise<void>>();
      for (const call of calls) ended.set(call.id, ask(call, ended));
      await Promise.all(ended.values());
    },
  };
}
