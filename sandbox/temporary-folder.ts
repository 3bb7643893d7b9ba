import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOwnedFolder } from './owned-folder.ts';
import { RUNTIME_FOLDER } from './sandbox-assets.ts';
import { importMapFor } from './prepare-program.ts';

/** The folder of one process. */
export interface TemporaryFolder {
  readonly path: string;
  readonly programFolder: string;
  readonly importMap: string;
}

/** Makes a folder for one process, readable for another user of this machine, with the import map for JavaScript. */
export async function createTemporaryFolder(expectFile: string): Promise<TemporaryFolder> {
  const path = await makeOwnedFolder('sandbox-run');
  const folder = { path, programFolder: join(path, 'program'), importMap: join(path, 'import-map.json') };
  // Read and enter for all, write for us: the process may run as `nobody`.
  await chmod(path, 0o755);
  await mkdir(folder.programFolder, { mode: 0o755 });
  await writeFile(folder.importMap, importMapFor(folder.programFolder, RUNTIME_FOLDER, expectFile), { mode: 0o644 });
  return folder;
}
