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
// An orphan of a killed parent ends by itself after this much CPU time, whatever its job allowed; starts need about 2 s.
const ORPHAN_CPU_SECONDS = 60;

/** Starts programs in Deno with every right denied: TypeScript and JavaScript natively, Python by Pyodide. */
export function createDenoLauncher(binary: DenoBinary, assets: SandboxAssets): Launcher {
  return {
    description: {
      name: 'deno',
      version: binary.version,
      languages: ['typescript', 'javascript', 'python'],
      weaknesses: WEAKNESSES,
    },
    async prepareLaunch(language, limits) {
      const folder = await createTemporaryFolder(assets.expectFile);
      const start = language === 'python' ? pyodideStart(assets) : javascriptStart(assets, folder, limits);
      return {
        ...withCpuLimit(binary.path, denoArguments(start)),
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

function withCpuLimit(
  command: string,
  values: readonly string[],
): { readonly command: string; readonly arguments: readonly string[] } {
  if (process.platform === 'win32') return { command, arguments: values };
  const script = 'ulimit -t "$0"; ulimit -c 0; exec "$@"';
  return { command: '/bin/sh', arguments: ['-c', script, String(ORPHAN_CPU_SECONDS), command, ...values] };
}
