import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { RUNTIME_FOLDER } from './sandbox-assets.ts';
import { importMapFor } from './prepare-program.ts';

const PREFIX = 'hydra-sandbox-run-';
// Longer than any run: a folder this old whose maker is gone was left by a kill.
const STALE_AFTER_MS = 3_600_000;

/** The folder of one process. */
export interface TemporaryFolder {
  readonly path: string;
  readonly programFolder: string;
  readonly importMap: string;
}

/** Makes a folder for one process, readable for another user of this machine, with the import map for JavaScript. */
export async function createTemporaryFolder(expectFile: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(await realpath(tmpdir()), `${PREFIX}${process.pid}-`));
  const folder = { path, programFolder: join(path, 'program'), importMap: join(path, 'import-map.json') };
  // Read and enter for all, write for us: the process may run as `nobody`.
  await chmod(path, 0o755);
  await mkdir(folder.programFolder, { mode: 0o755 });
  await writeFile(folder.importMap, importMapFor(folder.programFolder, RUNTIME_FOLDER, expectFile), { mode: 0o644 });
  return folder;
}

/** Removes the folders of processes that were killed before they could. */
export async function removeStaleFolders(): Promise<void> {
  const parent = await realpath(tmpdir());
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const path = join(parent, name);
    const pid = Number(name.slice(PREFIX.length).split('-')[0]);
    if (!isRunning(pid) && (await isOld(path))) await rm(path, { recursive: true, force: true });
  }
}

async function isOld(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => null);
  return status !== null && Date.now() - status.mtimeMs > STALE_AFTER_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
