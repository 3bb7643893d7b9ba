import { cpus } from 'node:os';
import { readUsage } from '../../../sandbox/process/process-usage.ts';

/** Processor time of the whole machine, and of this process with all that it has started. */
export interface CpuReading {
  readonly atMs: number;
  readonly machineMs: number;
  readonly ownMs: number;
}

export function readCpu(): CpuReading {
  return {
    atMs: performance.now(),
    machineMs: cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0),
    ownMs: readUsage(process.pid).cpuMs,
  };
}

/** Cores that were busy between two readings: with our own processes, and with all others. */
export function coresBetween(
  before: CpuReading,
  after: CpuReading,
): { readonly own: number; readonly foreign: number } {
  const elapsedMs = after.atMs - before.atMs;
  const own = Math.max(0, after.ownMs - before.ownMs) / elapsedMs;
  return { own, foreign: Math.max(0, (after.machineMs - before.machineMs) / elapsedMs - own) };
}
