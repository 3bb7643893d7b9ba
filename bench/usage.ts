import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { readUsage, type ProcessUsage } from '../sandbox/process/process-usage.ts';

/** What two trees of processes and the whole machine have used so far. */
export interface UsageReading {
  readonly atMs: number;
  readonly hydra: ProcessUsage;
  readonly server: ProcessUsage;
  /** Of this process, which drives the bench and plays the hosts. */
  readonly benchCpuMs: number;
  readonly machineCpuMs: number;
}

/** Memory of one process without those that it has started. */
export function readOwnMemory(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
}

/** Memory of the process that verifies for this Hydra. Errors: when there is none. */
export function readVerifyMemory(hydraPid: number): number {
  const lines = execFileSync('ps', ['-A', '-o', 'ppid=,rss=,args='], { encoding: 'utf8' }).split('\n');
  const own = lines.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)).find(isVerifyProcess);
  if (!own) throw new Error('The verify process is not there.');
  return Number(own[2]) * 1024;

  function isVerifyProcess(line: RegExpExecArray | null): boolean {
    return line?.[1] === String(hydraPid) && line[3]?.includes('verify-process-main') === true;
  }
}

/** What was used between two readings. */
export interface UsedBetween {
  readonly durationMs: number;
  readonly hydraCpuMs: number;
  readonly serverCpuMs: number;
  /** Cores that processes beside those of the bench kept busy: above about 0.2 the figures tell of the machine, not of Hydra. */
  readonly otherCores: number;
}

export function readUsages(hydraPid: number, serverPid: number): UsageReading {
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    hydra: readUsage(hydraPid),
    server: readUsage(serverPid),
    benchCpuMs: (own.user + own.system) / 1000,
    machineCpuMs: cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0),
  };
}

export function usedBetween(before: UsageReading, after: UsageReading): UsedBetween {
  const durationMs = after.atMs - before.atMs;
  const hydraCpuMs = after.hydra.cpuMs - before.hydra.cpuMs;
  const serverCpuMs = after.server.cpuMs - before.server.cpuMs;
  const ours = hydraCpuMs + serverCpuMs + after.benchCpuMs - before.benchCpuMs;
  const other = after.machineCpuMs - before.machineCpuMs - ours;
  return { durationMs, hydraCpuMs, serverCpuMs, otherCores: Math.max(0, other / durationMs) };
}
