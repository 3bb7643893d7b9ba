import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SynthesisFailure } from '../domain/failure.ts';
import { endProcess } from './end-process.ts';
import type { ManagedProcessOptions, ProcessRelation } from './managed-process-options.ts';
import { assertPortsFree } from './port-holder.ts';
import { identifyProcess, type ProcessIdentity } from '../sandbox/process-identity.ts';
import { removeProcessRecord, writeProcessRecord } from './process-record.ts';

/** A running process that we look after or share. */
export interface LaunchedProcess {
  readonly identity: ProcessIdentity;
  readonly relation: ProcessRelation;
  readonly startedAtMs: number;
  /** Settles, never rejects, when it has ended. */
  readonly ended: Promise<unknown>;
}

/** A server of 250 MB from a cold disk on a busy machine; a warm one serves within a second. */
const SERVING_LIMIT_MS = 60_000;
const LOOK_INTERVAL_MS = 50;
/** What a failure shows of the log. */
const LOG_TAIL_LINES = 5;

/**
 * Starts the process in a process group of its own, so that Ctrl-C in our terminal does not reach it and we end it in order,
 * writes its record and waits until it serves.
 */
export async function launchProcess(
  options: ManagedProcessOptions,
  recordFile: string,
  signal: AbortSignal,
): Promise<LaunchedProcess> {
  await assertPortsFree(options.ports, options.failureType);
  const child = spawnDetached(options);
  const ended = once(child, 'exit').catch(() => {});
  const identity = await recordChild(child, options, recordFile);
  try {
    await waitUntilServing(child, options, signal);
  } catch (error) {
    await endProcess(identity);
    removeProcessRecord(recordFile);
    throw error;
  }
  return { identity, relation: 'started', startedAtMs: Date.now(), ended };
}

function spawnDetached(options: ManagedProcessOptions): ChildProcess {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  try {
    return spawn(options.executable, [...options.args], {
      detached: true,
      env: options.environment,
      ...options.user,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

/** Writes down who runs, before anything can go wrong: from here on a kill of ours leaves a trace. */
async function recordChild(
  child: ChildProcess,
  options: ManagedProcessOptions,
  recordFile: string,
): Promise<ProcessIdentity> {
  if (child.pid === undefined) throw startFailure(options, 'is no program that can be run');
  const identity = await identifyProcess(child.pid);
  const owner = await identifyProcess(process.pid);
  if (identity === null || owner === null) throw startFailure(options, 'ended at once');
  writeProcessRecord(recordFile, { process: identity, owner, command: [options.executable, ...options.args] });
  return identity;
}

async function waitUntilServing(
  child: ChildProcess,
  options: ManagedProcessOptions,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + SERVING_LIMIT_MS;
  while (!(await options.isServing())) {
    signal.throwIfAborted();
    if (child.exitCode !== null || child.signalCode !== null) throw startFailure(options, 'ended at once');
    if (Date.now() > deadline) throw startFailure(options, `did not serve within ${SERVING_LIMIT_MS / 1000} s`);
    await delay(LOOK_INTERVAL_MS);
  }
}

function startFailure(options: ManagedProcessOptions, what: string): SynthesisFailure {
  const tail = existsSync(options.logFile)
    ? readFileSync(options.logFile, 'utf8').trim().split('\n').slice(-LOG_TAIL_LINES).join('\n')
    : '';
  return new SynthesisFailure(options.failureType, `${options.executable} ${what}; see ${options.logFile}\n${tail}`, {
    executable: options.executable,
    logFile: options.logFile,
  });
}
