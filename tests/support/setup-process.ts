import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheFolder, readEnvironment } from '../../bootstrap.mjs';

/** A machine with almost nothing on it, on which `bootstrap.mjs` is run as a process. */
export interface BareMachine {
  readonly folder: string;
  /** HYDRA_CACHE; empty but for what the sandbox needs, which has its own tests. */
  readonly cache: string;
  /** The only folder on PATH. */
  readonly binFolder: string;
  /** Starts `node <command>`; by default `bootstrap.mjs setup`. */
  start(env?: Record<string, string>, command?: readonly string[]): SetupProcess;
  run(
    env?: Record<string, string>,
    command?: readonly string[],
  ): Promise<{ readonly code: number | null; readonly output: string }>;
  /** Ends what still runs, and deletes everything. */
  remove(): void;
}

export interface SetupProcess {
  readonly child: ChildProcess;
  /** Both streams so far. */
  readonly output: () => string;
}

const TOOLS = ['tar', 'gzip', 'sh', 'chmod'];

/** Makes a machine with a shell and tar, but no Temporal, no Go, no Ollama. */
export async function makeBareMachine(environment: () => Record<string, string>): Promise<BareMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'hydra-bootstrap-'));
  const [cache, binFolder] = [join(folder, 'cache'), join(folder, 'bin')];
  await mkdir(binFolder);
  await mkdir(cache);
  for (const tool of TOOLS) await symlink(whereIs(tool), join(binFolder, tool));
  await symlink(join(cacheFolder(readEnvironment()), 'sandbox'), join(cache, 'sandbox'));
  const children: ChildProcess[] = [];
  const machine = { PATH: binFolder, HOME: folder, HYDRA_CACHE: cache };
  const start: BareMachine['start'] = (env = {}, command = ['bootstrap.mjs', 'setup']) => {
    const setup = startNode(command, { ...machine, ...environment(), ...env });
    children.push(setup.child);
    return setup;
  };
  const run: BareMachine['run'] = async (env, command) => {
    const setup = start(env, command);
    const [code] = (await once(setup.child, 'close')) as [number | null];
    return { code, output: setup.output() };
  };
  const remove = () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, cache, binFolder, start, run, remove };
}

function startNode(command: readonly string[], env: Record<string, string>): SetupProcess {
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  const keep = (chunk: Buffer) => (output += chunk.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return { child, output: () => output };
}

function whereIs(tool: string): string {
  const files = (process.env.PATH ?? '').split(delimiter).map((bin) => join(bin, tool));
  return files.find((file) => existsSync(file)) ?? tool;
}
