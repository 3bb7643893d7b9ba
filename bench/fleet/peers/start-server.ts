import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { bindChild } from '../../bound-child.ts';

/** A server of a peer. */
export interface PeerServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
  /** Answers 200 as soon as it serves. */
  readonly healthUrl: string;
}

/** A Python program that loads its libraries on a busy machine. */
const START_LIMIT_MS = 180_000;
const LOOK_INTERVAL_MS = 200;

/** Starts it and waits until it serves; the returned function ends it. */
export async function startServer(server: PeerServer): Promise<() => Promise<void>> {
  const log = openSync(server.logFile, 'a');
  const child = spawn(server.command, server.args, {
    cwd: server.folder,
    env: { ...process.env, ...server.env },
    stdio: ['ignore', log, log],
  });
  const end = bindChild(child);
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(server.healthUrl))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`It did not start. Its log ends: ${readFileSync(server.logFile, 'utf8').slice(-1000)}`);
    await delay(LOOK_INTERVAL_MS);
  }
  return () => end(() => void child.kill('SIGKILL'));
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
