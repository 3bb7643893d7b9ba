import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type as systemName } from 'node:os';
import { join } from 'node:path';

/** Where and of what the figures were taken. No name and no path of the machine. */
export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly node: string;
  readonly temporal: string;
  /** Load average of the last minute before the bench began. */
  readonly loadBefore: number;
}

const PROJECT = join(import.meta.dirname, '..');
const GIBIBYTE = 1024 ** 3;

export function describeCircumstances(temporalExecutable: string): Circumstances {
  const cores = cpus();
  const memory = Math.round(totalmem() / GIBIBYTE);
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: describeCommit(),
    machine: `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${memory} GiB, ${systemName()} ${release()}`,
    node: process.version,
    temporal: ask(temporalExecutable, ['--version']) || 'unknown',
    loadBefore: loadavg()[0] ?? 0,
  };
}

function describeCommit(): string {
  const commit = ask('git', ['rev-parse', '--short=12', 'HEAD']);
  if (commit === '') return 'unknown';
  // What benches before this one have written is no change of what is measured.
  const changes = ask('git', ['status', '--porcelain', '--', '.', ':!bench/results']);
  return changes === '' ? commit : `${commit} with changes`;
}

function ask(program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
