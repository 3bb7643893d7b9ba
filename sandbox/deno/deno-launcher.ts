import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { join } from 'node:path';
import type { RunnableLanguage } from '../../domain/language.ts';
import type { Launcher } from '../launcher.ts';
import type { SandboxLimits } from '../program-runner.ts';
import { PYODIDE_FOLDER, RUNTIME_FOLDER, type SandboxAssets } from '../sandbox-assets.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';
import type { DenoBinary } from './deno-binary.ts';
import { denoArguments, denoEnvironment, type DenoStart } from './deno-command.ts';

const WEAKNESSES = [
  'CPU time and memory are measured every 50 ms and ended from outside, so a program may overshoot for a moment',
  'programs cannot write files in TypeScript and JavaScript; Python writes to memory only',
  'processes are refused altogether, so programs that start some fail',
];
const ORPHANS =
  'when Hydra itself is killed, a running program that waits without computing goes on until it ends by itself';
// An orphan of a killed parent ends by itself after this much CPU time, whatever its job allowed; starts need about 2 s.
const ORPHAN_CPU_SECONDS = 60;

/** Starts programs in Deno with every right denied: TypeScript and JavaScript natively, Python by Pyodide. */
export function createDenoLauncher(binary: DenoBinary, assets: SandboxAssets): Launcher {
  const diesWithParent = canDieWithParent();
  return {
    description: {
      name: 'deno',
      version: binary.version,
      languages: ['typescript', 'javascript', 'python'],
      weaknesses: diesWithParent ? WEAKNESSES : [...WEAKNESSES, ORPHANS],
    },
    async prepareLaunch(language, limits) {
      const folder = await createTemporaryFolder(assets.expectFile);
      const start = language === 'python' ? pyodideStart(assets) : javascriptStart(assets, folder, limits);
      return {
        ...withOrphanLimits([binary.path, ...denoArguments(start)], diesWithParent),
        environment: denoEnvironment(assets.denoFolder),
        temporaryFolder: folder.path,
        programFolder: programFolderFor(language, folder),
      };
    },
  };
}

/** Where the parent writes the program; Python's driver writes its own files. */
export function programFolderFor(language: RunnableLanguage, folder: TemporaryFolder): string | null {
  return language === 'python' ? null : folder.programFolder;
}

/** The start of the driver for TypeScript and JavaScript. */
export function javascriptStart(assets: SandboxAssets, folder: TemporaryFolder, limits: SandboxLimits): DenoStart {
  return {
    script: join(RUNTIME_FOLDER, 'javascript-driver.ts'),
    scriptArguments: [],
    readablePaths: [folder.programFolder, RUNTIME_FOLDER, assets.expectFile],
    importMap: folder.importMap,
    heapBytes: limits.memoryBytes,
  };
}

function pyodideStart(assets: SandboxAssets): DenoStart {
  return {
    script: join(RUNTIME_FOLDER, 'pyodide-driver.ts'),
    scriptArguments: [PYODIDE_FOLDER, assets.snapshotFile],
    readablePaths: [PYODIDE_FOLDER, assets.snapshotFile],
  };
}

/** The command under limits that hold even when we are killed and can watch no more. */
function withOrphanLimits(
  command: readonly string[],
  diesWithParent: boolean,
): { readonly command: string; readonly arguments: readonly string[] } {
  const [program = '', ...rest] = command;
  if (process.platform === 'win32') return { command: program, arguments: rest };
  const script = 'ulimit -t "$0"; ulimit -c 0; exec "$@"';
  const guard = diesWithParent ? ['setpriv', '--pdeathsig', 'KILL'] : [];
  return { command: '/bin/sh', arguments: ['-c', script, String(ORPHAN_CPU_SECONDS), ...guard, ...command] };
}

/** True where the kernel can be asked to end a process with its parent (Linux, by a program of util-linux). */
function canDieWithParent(): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
}
