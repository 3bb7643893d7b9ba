import { setTimeout as delay } from 'node:timers/promises';
import { SynthesisFailure } from '../domain/failure.ts';
import { endProcess } from './end-process.ts';
import type { LaunchedProcess } from './launch-process.ts';
import type { ManagedProcessOptions, ProcessRelation } from './managed-process-options.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../sandbox/process-identity.ts';
import { readProcessRecord, removeProcessRecord, writeProcessRecord, type ProcessRecord } from './process-record.ts';

/** A process that is not our child is looked at so often. */
const WATCH_INTERVAL_MS = 1000;
/** What an earlier Hydra left behind may have been cut off while it was starting. */
const LEFT_BEHIND_LIMIT_MS = 10_000;
/** A living Hydra may be starting it right now. */
const SHARED_LIMIT_MS = 60_000;
const LOOK_INTERVAL_MS = 50;

/**
 * Looks for what an earlier Hydra left behind: adopts it when it serves, ends it when it does not or was started otherwise,
 * shares it when that Hydra lives. Null: there is nothing, start one.
 * Errors: the signal's reason, after what was left behind is ended.
 */
export async function takeOverProcess(
  options: ManagedProcessOptions,
  recordFile: string,
): Promise<LaunchedProcess | null> {
  const record = readProcessRecord(recordFile);
  if (record === null || !(await isAlive(record.process))) return null;
  if (await isAlive(record.owner)) return share(record, options);
  if (isSameCommand(record, options) && (await servesWithin(record.process, options, LEFT_BEHIND_LIMIT_MS))) {
    return adopt(record, options, recordFile);
  }
  if (!options.signal.aborted) {
    options.report(`${options.name} (process ${record.process.pid}) was left behind and is of no use; it is ended`);
  }
  await endProcess(record.process);
  removeProcessRecord(recordFile);
  options.signal.throwIfAborted();
  return null;
}

async function adopt(
  record: ProcessRecord,
  options: ManagedProcessOptions,
  recordFile: string,
): Promise<LaunchedProcess> {
  const owner = await identifyProcess(process.pid);
  if (owner !== null) writeProcessRecord(recordFile, { ...record, owner });
  options.report(`${options.name} (process ${record.process.pid}) was left running and is adopted`);
  return toLaunched(record.process, 'adopted');
}

async function share(record: ProcessRecord, options: ManagedProcessOptions): Promise<LaunchedProcess> {
  const other = `${options.name} of this folder is run by another Hydra (process ${record.owner.pid})`;
  const details = { folder: options.folder, owner: record.owner.pid };
  if (!isSameCommand(record, options)) {
    throw new SynthesisFailure(options.failureType, `${other} with other settings; stop that one first`, details);
  }
  const serves = await servesWithin(record.process, options, SHARED_LIMIT_MS);
  options.signal.throwIfAborted();
  if (!serves) {
    throw new SynthesisFailure(options.failureType, `${other} and does not answer; stop that one first`, details);
  }
  return toLaunched(record.process, 'shared');
}

function isSameCommand(record: ProcessRecord, options: ManagedProcessOptions): boolean {
  return JSON.stringify(record.command) === JSON.stringify([options.executable, ...options.args]);
}

/** False at once when the start is given up. */
async function servesWithin(
  identity: ProcessIdentity,
  options: ManagedProcessOptions,
  limitMs: number,
): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline && !options.signal.aborted && (await isAlive(identity))) {
    if (await options.isServing()) return !options.signal.aborted;
    await delay(LOOK_INTERVAL_MS);
  }
  return false;
}

function toLaunched(identity: ProcessIdentity, relation: ProcessRelation): LaunchedProcess {
  return { identity, relation, startedAtMs: Date.now(), ended: waitForEnd(identity) };
}

/** Looks now and then; does not keep our process alive. */
async function waitForEnd(identity: ProcessIdentity): Promise<void> {
  while (await isAlive(identity)) await delay(WATCH_INTERVAL_MS, undefined, { ref: false });
}
