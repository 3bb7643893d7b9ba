import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** Our own files that run inside the sandbox. */
export const RUNTIME_FOLDER = fileURLToPath(new URL('runtime', import.meta.url));
/** The Python part of them, as a folder for Python's module path. */
export const PYTHON_FOLDER = join(RUNTIME_FOLDER, 'python');
export const PYODIDE_FOLDER = dirname(require.resolve('pyodide/package.json'));

/** pytest and what it needs, as pure-Python wheels: exact versions, so that a cache is what its key says. */
export const PYTEST_WHEELS = [
  'pytest==9.2.0',
  'pluggy==1.7.0',
  'iniconfig==2.3.1',
  'packaging==26.3',
  'pygments==2.21.0',
] as const;

/** What set-up makes once and every start uses. */
export interface SandboxAssets {
  readonly folder: string;
  /** `expect` and its mocks in one file. */
  readonly expectFile: string;
  /** Memory of a Python that has started. */
  readonly snapshotFile: string;
  /** The unpacked wheels; empty where pip could not fetch them. */
  readonly packagesFolder: string;
  /** Deno's private cache. */
  readonly denoFolder: string;
}

/** Where the assets lie: a folder named by everything they are made of. */
export function locateAssets(cacheFolder: string): SandboxAssets {
  const folder = join(cacheFolder, 'sandbox', assetKey());
  return {
    folder,
    expectFile: join(folder, 'expect.mjs'),
    snapshotFile: join(folder, 'python.snapshot'),
    packagesFolder: join(folder, 'python-packages'),
    denoFolder: join(folder, 'deno'),
  };
}

/** True when set-up has been here. */
export function areAssetsReady(assets: SandboxAssets): boolean {
  return existsSync(assets.expectFile) && existsSync(assets.snapshotFile);
}

function assetKey(): string {
  const hash = createHash('sha256');
  for (const name of ['deno', 'pyodide', 'expect', 'jest-mock', 'esbuild']) hash.update(`${name} ${versionOf(name)}\n`);
  hash.update(PYTEST_WHEELS.join(' ')).update(readFileSync(new URL('prepare-sandbox.ts', import.meta.url)));
  for (const name of readdirSync(RUNTIME_FOLDER, { recursive: true, encoding: 'utf8' }).sort()) {
    if (/\.(?:py|ts)$/u.test(name)) hash.update(name).update(readFileSync(join(RUNTIME_FOLDER, name)));
  }
  // 64 bits: caches of a few versions never meet.
  return hash.digest('hex').slice(0, 16);
}

function versionOf(name: string): string {
  const manifest = join(dirname(require.resolve(`${name}/package.json`)), 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
