import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from '../sandbox/process-identity.ts';
import { readProcessRecord, removeProcessRecord } from './process-record.ts';

/** How often to look whether it has gone; a look is one read in /proc. */
const LOOK_INTERVAL_MS = 50;
/** A Temporal dev server needs 1.05 s to close its file; ten times that is a process that hangs. */
const TERM_GRACE_MS = 10_000;

/** Ends a process: asks with a signal, and after a while kills it and all it has started. Resolves when it is gone. */
export async function endProcess(
  identity: ProcessIdentity,
  graceMs = TERM_GRACE_MS,
  firstSignal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  if (!(await isAlive(identity))) return;
  signal(identity.pid, firstSignal);
  if (await isGoneWithin(identity, graceMs)) return;
  signal(identity.pid, 'SIGKILL');
  killChildren(identity);
  await isGoneWithin(identity, TERM_GRACE_MS);
}

/** Kills what a process of ours has started; each leads a process group of its own, and a killed one leaves its children behind. */
export function killChildren({ pid }: ProcessIdentity): void {
  signal(-pid, 'SIGKILL');
}

/** Ends the process that a record names, whoever started it. Returns whether there was one. */
export async function endRecordedProcess(recordFile: string, firstSignal?: NodeJS.Signals): Promise<boolean> {
  const record = readProcessRecord(recordFile);
  if (record === null) return false;
  const wasAlive = await isAlive(record.process);
  await endProcess(record.process, TERM_GRACE_MS, firstSignal);
  removeProcessRecord(recordFile);
  return wasAlive;
}

async function isGoneWithin(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (await isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await delay(LOOK_INTERVAL_MS);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone in the meantime.
  }
}
