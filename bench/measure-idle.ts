import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeSnapshot } from '../domain/node.ts';
import { bindChild } from './bound-child.ts';
import { startBenchNodes } from './bench-nodes.ts';
import { findFreePort, startBenchTemporal } from './bench-temporal.ts';
import type { Comparison } from './compare-sides.ts';
import { readOwnMemory, readUsages, readVerifyMemory, usedBetween, type UsedBetween } from './usage.ts';

/** What a service without work uses. */
export interface IdleMeasurement {
  readonly nodes: number;
  readonly used: UsedBetween;
  readonly hydraMemoryBytes: number;
  readonly verifyMemoryBytes: number;
  /** Other processes that the service keeps: a warm sandbox, the loader of TypeScript. */
  readonly helpersMemoryBytes: number;
  readonly serverMemoryBytes: number;
}

export const IDLE_NODES = 64;
/** Part of the idle time that passes before it counts: what starting left behind has been collected by then. */
const SETTLE_SHARE = 1 / 3;
const START_LIMIT_MS = 120_000;
const MAIN = join(import.meta.dirname, '../cli/main.ts');

/** Starts the service as `hydra up` does, with 64 hosts, and watches it while nothing is asked of it. */
export async function measureIdle({ folder, executable, dev, plan }: Comparison): Promise<IdleMeasurement> {
  const home = join(folder, 'idle');
  await mkdir(home);
  const nodes = await startBenchNodes(IDLE_NODES, 1);
  const temporal = await startBenchTemporal(executable, home, dev);
  const port = await findFreePort();
  const own = { HYDRA_HOME: home, HYDRA_API_PORT: String(port), TEMPORAL_ADDRESS: temporal.address };
  const service = spawn(process.execPath, [...process.execArgv, MAIN, 'up'], {
    env: { ...process.env, ...nodes.environment, ...own },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = bindChild(service);
  let said = '';
  service.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    if (!(await findsHosts(service, `http://127.0.0.1:${port}/nodes`)))
      throw new Error(`The service did not find its hosts:\n${said}`);
    await delay(plan.idleSeconds * 1000 * SETTLE_SHARE);
    const before = readUsages(service.pid ?? 0, temporal.pid);
    await delay(plan.idleSeconds * 1000);
    const after = readUsages(service.pid ?? 0, temporal.pid);
    const hydraMemoryBytes = readOwnMemory(service.pid ?? 0);
    const verifyMemoryBytes = readVerifyMemory(service.pid ?? 0);
    return {
      nodes: IDLE_NODES,
      used: usedBetween(before, after),
      hydraMemoryBytes,
      verifyMemoryBytes,
      helpersMemoryBytes: after.hydra.memoryBytes - hydraMemoryBytes - verifyMemoryBytes,
      serverMemoryBytes: readOwnMemory(temporal.pid),
    };
  } finally {
    await end(() => void service.kill('SIGTERM'));
    await temporal.stop();
    await nodes.stop();
  }
}

async function findsHosts(service: ChildProcess, url: string): Promise<boolean> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await allAreUp(url))) {
    if (service.exitCode !== null || Date.now() > deadline) return false;
    await delay(200);
  }
  return true;
}

async function allAreUp(url: string): Promise<boolean> {
  try {
    const { nodes } = (await (await fetch(url)).json()) as { readonly nodes: readonly NodeSnapshot[] };
    return nodes.length === IDLE_NODES && nodes.every(({ state }) => state === 'up');
  } catch {
    return false;
  }
}
