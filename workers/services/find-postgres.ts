import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SynthesisFailure } from '../../domain/failure.ts';
import { canRun, listCommands, listVersions } from './find-command.ts';
import { readTextFile } from './private-file.ts';

const run = promisify(execFile);
const EXTENSION = process.platform === 'win32' ? '.exe' : '';
/** All of them are needed, and must be of one version. */
const PROGRAMS = ['postgres', 'initdb', 'pg_isready'];

/** Folders with a whole Postgres: that on PATH, then those of Debian, Homebrew and Postgres.app, the highest version first. */
export function listPostgresFolders(environment: NodeJS.ProcessEnv): readonly string[] {
  const folders = [
    // Debian and others only link to it, and its other programs stand where the link leads.
    ...listCommands('postgres', environment).map((file) => dirname(realpathSync(file))),
    ...listVersions('/usr/lib/postgresql', '', 'bin'),
    ...listVersions('/opt/homebrew/opt', 'postgresql', 'bin'),
    ...listVersions('/usr/local/opt', 'postgresql', 'bin'),
    ...listVersions('/Applications/Postgres.app/Contents/Versions', '', 'bin'),
  ];
  return [...new Set(folders)].filter((folder) =>
    PROGRAMS.every((name) => canRun(join(folder, `${name}${EXTENSION}`))),
  );
}

/** The first one, or, where there are data already, the one that can read them. Errors: SynthesisFailure when none can. */
export async function choosePostgresFolder(folders: readonly string[], cluster: string): Promise<string> {
  const version = readTextFile(join(cluster, 'PG_VERSION'))?.trim();
  for (const folder of folders) {
    if (version === undefined || (await readMajor(folder)) === version) return folder;
  }
  throw new SynthesisFailure(
    'StoreUnavailable',
    `The data in ${cluster} are those of Postgres ${version}, which is not installed. Install it, or move that folder away: ` +
      'everything in it is filled again from SQLite, unless Postgres was the system of record.',
  );
}

async function readMajor(folder: string): Promise<string | undefined> {
  const { stdout } = await run(join(folder, 'postgres'), ['--version']);
  return /\b(\d+)/.exec(stdout)?.[1];
}
