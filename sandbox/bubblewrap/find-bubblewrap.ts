import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { findDenoBinary } from '../deno/deno-binary.ts';
import type { SandboxAssets } from '../sandbox-assets.ts';
import type { BubblewrapParts, PythonBinary } from './bubblewrap-launcher.ts';

// Each of these answers at once; one that hangs is not used.
const ASK_LIMIT_MS = 10_000;
const NOBODY = 65_534;

/**
 * The combinations of user and Python that may work here, best first: as `nobody`, whose processes the kernel counts, where
 * we are root; with the Python of the path before the system's. Empty where there is no bubblewrap.
 */
export function findBubblewrap(assets: SandboxAssets): readonly BubblewrapParts[] {
  if (process.platform !== 'linux') return [];
  const version = ask('bwrap', ['--version'])?.replace('bubblewrap ', '');
  if (version === undefined) return [];
  const bubblewrapPath = ask('/bin/sh', ['-c', 'command -v bwrap']) ?? 'bwrap';
  const users = process.getuid?.() === 0 ? [NOBODY, null] : [null];
  const pythons = [...findPythons(), null];
  const deno = findDenoBinary();
  return users.flatMap((userId) =>
    pythons.map((python) => ({ bubblewrapPath, version, userId, deno, python, assets })),
  );
}

function findPythons(): readonly PythonBinary[] {
  const found = ['python3', '/usr/bin/python3'].map(askPython).filter((python) => python !== null);
  return found.filter((python, index) => found.findIndex((other) => other.path === python.path) === index);
}

function askPython(command: string): PythonBinary | null {
  // The path behind links and version managers, and the folder that holds the library.
  const answer = ask(command, [
    '-c',
    'import os, sys; print(os.path.realpath(sys.executable)); print(sys.base_prefix)',
  ]);
  const [path, prefix] = answer?.split('\n') ?? [];
  return path === undefined || prefix === undefined ? null : { path, prefix };
}

function ask(command: string, values: readonly string[]): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as ('ignore' | 'pipe')[];
    return execFileSync(command, values, { encoding: 'utf8', timeout: ASK_LIMIT_MS, stdio }).trim();
  } catch {
    return undefined;
  }
}
