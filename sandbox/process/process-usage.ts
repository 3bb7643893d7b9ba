import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import process from 'node:process';

/** What a process and all its descendants use. */
export interface ProcessUsage {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly processes: number;
}

// The unit of CPU times in /proc on every Linux (USER_HZ).
const MS_PER_TICK = 10;
const BYTES_PER_KIBIBYTE = 1024;
const NOTHING: ProcessUsage = { cpuMs: 0, memoryBytes: 0, processes: 0 };

/** Reads the usage of a tree of processes; nothing where it is gone. */
export function readUsage(pid: number): ProcessUsage {
  return process.platform === 'linux' ? readProc(pid) : readPs(pid);
}

function readProc(pid: number): ProcessUsage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the fields that count from the state on are behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const resident = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const own = { cpuMs: ticks * MS_PER_TICK, memoryBytes: Number(resident ?? 0) * BYTES_PER_KIBIBYTE, processes: 1 };
    return childrenOf(pid).map(readProc).reduce(addUsage, own);
  } catch {
    return NOTHING;
  }
}

function childrenOf(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) => {
    const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return children === '' ? [] : children.split(' ').map(Number);
  });
}

function addUsage(one: ProcessUsage, other: ProcessUsage): ProcessUsage {
  return {
    cpuMs: one.cpuMs + other.cpuMs,
    memoryBytes: one.memoryBytes + other.memoryBytes,
    processes: one.processes + other.processes,
  };
}

/** Elsewhere only runners without descendants run, so one line of `ps` is enough. */
function readPs(pid: number): ProcessUsage {
  try {
    const [resident = '0', time = '0'] = execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/u);
    return { cpuMs: parseClock(time), memoryBytes: Number(resident) * BYTES_PER_KIBIBYTE, processes: 1 };
  } catch {
    return NOTHING;
  }
}

/** Milliseconds of `1:02.50` or `01:02:03`. */
export function parseClock(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
}
