import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as this system tells it; only ever compared. */
  readonly startedAt: string;
}

/** Identifies a living process; null when there is none, or when this system cannot tell. A zombie is not living. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  const startedAt = platform() === 'linux' ? readStartOnLinux(pid) : await readStartFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** True while this very process lives. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.startedAt === identity.startedAt;
}

/** Source: proc(5): after the command in parentheses follow the state and, 19 fields on, the start in ticks since boot. */
function readStartOnLinux(pid: number): string | null {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return null;
    // Ticks start again with each boot, and a record outlives it.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    return null;
  }
}

async function readStartFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const text = stdout.trim();
    return text === '' || text.startsWith('Z') ? null : text.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}
