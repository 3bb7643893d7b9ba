import { createHash } from 'node:crypto';
import { mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { identifyProcess } from './process-identity.ts';

/** What a folder is for: one run in the sandbox, or one look of a checker. */
const PURPOSES = ['sandbox-run', 'check'] as const;
type Purpose = (typeof PURPOSES)[number];

/** Kind of folder, the process that owns it and a mark of when that started: a later process may have the same number. */
const NAME = new RegExp(String.raw`^hydra-(?:${PURPOSES.join('|')})-(?:(\d+)-([0-9a-f]{12})-)?`, 'u');
/** Where the system does not tell when a process started, a folder this old is no longer in use. */
const STALE_AFTER_MS = 3_600_000;

let ownMark: Promise<string | null> | undefined;

/** Makes a temporary folder whose name says who owns it, so that a later Hydra can remove what a killed one left. */
export async function makeOwnedFolder(purpose: Purpose): Promise<string> {
  ownMark ??= markOf(process.pid);
  const mark = await ownMark;
  const owner = mark === null ? '' : `${process.pid}-${mark}-`;
  // Tools report real paths; a link in the temporary path would hide the program's own files.
  return mkdtemp(join(await realpath(tmpdir()), `hydra-${purpose}-${owner}`));
}

/** Removes the folders of processes that were killed before they could. */
export async function removeAbandonedFolders(): Promise<void> {
  const parent = await realpath(tmpdir());
  for (const name of await readdir(parent)) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const [, pid, mark] = match;
    const path = join(parent, name);
    const abandoned = mark === undefined ? await isStale(path) : (await markOf(Number(pid))) !== mark;
    // What belongs to another user is that user's to remove.
    if (abandoned) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Null where no such process lives, or where this system cannot tell. */
async function markOf(pid: number): Promise<string | null> {
  const identity = await identifyProcess(pid);
  return identity && createHash('sha256').update(identity.startedAt).digest('hex').slice(0, 12);
}

async function isStale(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => null);
  return status !== null && Date.now() - status.mtimeMs > STALE_AFTER_MS;
}
