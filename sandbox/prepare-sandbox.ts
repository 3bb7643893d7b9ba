import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { unzipSync } from 'fflate';
import { SynthesisFailure } from '../domain/failure.ts';
import { findDenoBinary } from './deno/deno-binary.ts';
import { denoArguments, denoEnvironment } from './deno/deno-command.ts';
import {
  areAssetsReady,
  locateAssets,
  PYODIDE_FOLDER,
  PYTEST_WHEELS,
  PYTHON_FOLDER,
  RUNTIME_FOLDER,
} from './sandbox-assets.ts';
import type { SandboxAssets } from './sandbox-assets.ts';

const run = promisify(execFile);
// Five small wheels; a download that needs longer does not come to its end.
const DOWNLOAD_LIMIT_MS = 60_000;
// A host that has not answered by then counts as unreachable; pip itself would try for minutes.
const CONNECT_LIMIT_SECONDS = 5;
// 3 s here; ten times that on a busy machine, twice over.
const SNAPSHOT_LIMIT_MS = 60_000;

/** The library is CommonJS: it asks for Node's own modules when it runs and for the folder that it believes to lie in. */
const COMMON_JS_NAMES =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url), __dirname = '/expect';";

/**
 * Makes what every start of the sandbox uses, once: the bundled test library, pytest where pip is there and can fetch it,
 * and the memory of a started Python. Does nothing when it is there already.
 * Errors: SandboxFault.
 */
export async function prepareSandbox(
  cacheFolder: string,
  onProgress: (message: string) => void,
): Promise<SandboxAssets> {
  const assets = locateAssets(cacheFolder);
  if (areAssetsReady(assets)) return assets;
  await mkdir(dirname(assets.folder), { recursive: true });
  // Made aside and moved into place, so that a folder with this name is always whole.
  const aside = await mkdtemp(`${assets.folder}.making-`);
  try {
    // A sandbox that runs as another user reads it too.
    await chmod(aside, 0o755);
    await makeAssets(aside, onProgress);
    await moveIntoPlace(aside, assets);
  } catch (error) {
    throw new SynthesisFailure(
      'SandboxFault',
      'The sandbox could not be prepared.',
      { reason: String(error) },
      { cause: error },
    );
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return assets;
}

async function moveIntoPlace(aside: string, assets: SandboxAssets): Promise<void> {
  try {
    await rename(aside, assets.folder);
  } catch (error) {
    // Another process was faster, and its result is as good.
    if (!areAssetsReady(assets)) throw error;
  }
}

async function makeAssets(folder: string, onProgress: (message: string) => void): Promise<void> {
  onProgress('bundling the test library for JavaScript');
  await bundleExpect(join(folder, 'expect.mjs'));
  await mkdir(join(folder, 'python-packages'));
  onProgress('fetching pytest');
  const wheels = await fetchPytest(folder, onProgress);
  onProgress('starting Python once and saving its memory');
  await makeSnapshot(folder, wheels);
  await mkdir(join(folder, 'deno'), { recursive: true });
}

async function bundleExpect(target: string): Promise<void> {
  await build({
    entryPoints: [join(RUNTIME_FOLDER, 'test-library.ts')],
    outfile: target,
    bundle: true,
    minify: true,
    // Names of errors are read by people.
    keepNames: true,
    format: 'esm',
    platform: 'node',
    banner: { js: COMMON_JS_NAMES },
    logLevel: 'silent',
  });
}

/** The wheels; none where there is no pip or no connection, and Python tests then run with the small runner. */
async function fetchPytest(folder: string, onProgress: (message: string) => void): Promise<readonly string[]> {
  // Beside the assets: they stay when our own files change.
  const wheels = join(dirname(folder), `wheels-${PYTEST_WHEELS[0].replace('==', '-')}`);
  try {
    const paths = (await listWheels(wheels)) ?? (await downloadWheels(wheels));
    for (const path of paths) await unpackWheel(path, join(folder, 'python-packages'));
    return paths;
  } catch {
    onProgress('pytest could not be fetched with pip; Python tests will run with the small runner, without fixtures');
    return [];
  }
}

async function downloadWheels(wheels: string): Promise<readonly string[]> {
  const options = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--retries=0',
    `--timeout=${CONNECT_LIMIT_SECONDS}`,
    '--no-deps',
    '--only-binary=:all:',
  ];
  await run('python3', [...options, '--dest', wheels, ...PYTEST_WHEELS], { timeout: DOWNLOAD_LIMIT_MS });
  return (await listWheels(wheels)) ?? [];
}

async function listWheels(folder: string): Promise<readonly string[] | null> {
  const names = await readdir(folder).catch(() => []);
  const wheels = names.filter((name) => name.endsWith('.whl')).map((name) => join(folder, name));
  return wheels.length === PYTEST_WHEELS.length ? wheels : null;
}

async function unpackWheel(wheel: string, target: string): Promise<void> {
  for (const [name, data] of Object.entries(unzipSync(await readFile(wheel)))) {
    if (name.endsWith('/')) continue;
    await mkdir(dirname(join(target, name)), { recursive: true });
    await writeFile(join(target, name), data);
  }
}

async function makeSnapshot(folder: string, wheels: readonly string[]): Promise<void> {
  const deno = findDenoBinary();
  if (deno === null || !existsSync(PYODIDE_FOLDER)) throw new Error('Deno or Pyodide is not installed.');
  const target = join(folder, 'python.snapshot');
  const source = join(PYTHON_FOLDER, 'hydra_runtime');
  const start = {
    script: join(RUNTIME_FOLDER, 'pyodide-snapshot.ts'),
    scriptArguments: [PYODIDE_FOLDER, source, target, ...wheels],
    readablePaths: [PYODIDE_FOLDER, source, ...wheels],
    writablePaths: [target],
  };
  const env = denoEnvironment(join(folder, 'deno'));
  await run(deno.path, [...denoArguments(start)], { env, timeout: SNAPSHOT_LIMIT_MS, killSignal: 'SIGKILL' });
}
