import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '../../..');

/** Starts a TypeScript file of this folder as a process with a channel to this one. */
export function forkProgram(
  file: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return fork(join(import.meta.dirname, file), args, {
    // The loader is found from there, whatever has started this process.
    cwd: PROJECT,
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...environment },
  });
}
