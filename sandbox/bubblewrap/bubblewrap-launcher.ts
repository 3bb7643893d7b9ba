import { join } from 'node:path';
import type { RunnableLanguage } from '../../domain/language.ts';
import type { DenoBinary } from '../deno/deno-binary.ts';
import { denoArguments, denoEnvironment } from '../deno/deno-command.ts';
import { javascriptStart, programFolderFor } from '../deno/deno-launcher.ts';
import type { Launcher } from '../launcher.ts';
import type { SandboxLimits } from '../program-runner.ts';
import { PYTHON_FOLDER, RUNTIME_FOLDER, type SandboxAssets } from '../sandbox-assets.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';
import { bubblewrapArguments, type BubblewrapStart } from './bubblewrap-command.ts';

/** A Python of this machine. `prefix` is where its library lies. */
export interface PythonBinary {
  readonly path: string;
  readonly prefix: string;
}

/** What the adapter runs with. */
export interface BubblewrapParts {
  readonly bubblewrapPath: string;
  readonly version: string;
  /** User to start as; null: as ourselves. */
  readonly userId: number | null;
  readonly deno: DenoBinary | null;
  readonly python: PythonBinary | null;
  readonly assets: SandboxAssets;
}

// The interpreter itself and the stacks of a few threads, beside what the program may use.
const PYTHON_ADDRESS_SPACE_BYTES = 256 * 1024 * 1024;

/**
 * Starts programs in bubblewrap: own processes, network, users and files. Python is the machine's own; TypeScript and
 * JavaScript run in Deno with its rights denied as well.
 */
export function createBubblewrapLauncher(parts: BubblewrapParts): Launcher {
  const languages: RunnableLanguage[] = [];
  if (parts.deno !== null) languages.push('typescript', 'javascript');
  if (parts.python !== null) languages.push('python');
  return {
    description: { name: 'bubblewrap', version: parts.version, languages, weaknesses: weaknessesOf(parts) },
    async prepareLaunch(language, limits) {
      const folder = await createTemporaryFolder(parts.assets.expectFile);
      const start = language === 'python' ? pythonStart(parts, limits) : denoStart(parts, folder, limits);
      return {
        command: parts.bubblewrapPath,
        arguments: bubblewrapArguments(start),
        environment: {},
        ...(parts.userId === null ? {} : { userId: parts.userId }),
        temporaryFolder: folder.path,
        programFolder: programFolderFor(language, folder),
      };
    },
  };
}

function weaknessesOf({ userId }: BubblewrapParts): readonly string[] {
  const shared =
    'the kernel is shared with this machine; memory and CPU time of all processes together are watched from outside';
  return userId === null && process.getuid?.() === 0
    ? [shared, 'it runs as root, for whom the kernel does not count processes; they are counted every 50 ms instead']
    : [shared];
}

function pythonStart({ python, assets }: BubblewrapParts, limits: SandboxLimits): BubblewrapStart {
  const { path = '', prefix = '' } = python ?? {};
  const outsideSystem = prefix.startsWith('/usr') ? [] : [prefix];
  return {
    command: [path, '-u', '-s', '-m', 'hydra_runtime'],
    readablePaths: [PYTHON_FOLDER, assets.packagesFolder, ...outsideSystem],
    environment: {
      PYTHONPATH: `${PYTHON_FOLDER}:${assets.packagesFolder}`,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONHASHSEED: '0',
      HOME: '/tmp',
      LANG: 'C.UTF-8',
      TZ: 'UTC',
    },
    limits,
    limitsFileSize: true,
    addressSpaceBytes: limits.memoryBytes + PYTHON_ADDRESS_SPACE_BYTES,
  };
}

function denoStart({ deno, assets }: BubblewrapParts, folder: TemporaryFolder, limits: SandboxLimits): BubblewrapStart {
  const path = deno?.path ?? '';
  return {
    command: [path, ...denoArguments(javascriptStart(assets, folder, limits))],
    readablePaths: [path, RUNTIME_FOLDER, assets.expectFile, folder.path],
    environment: denoEnvironment(join('/tmp', 'deno')),
    limits,
    limitsFileSize: false,
  };
}
