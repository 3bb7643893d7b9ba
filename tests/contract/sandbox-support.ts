import { readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgramRunner } from '../../sandbox/create-program-runner.ts';
import { DEFAULT_LIMITS } from '../../sandbox/default-limits.ts';
import { prepareSandbox } from '../../sandbox/prepare-sandbox.ts';
import type { RunnableLanguage } from '../../domain/language.ts';
import type {
  ProgramRunner,
  SandboxJob,
  SandboxLimits,
  SandboxReport,
  SandboxTask,
} from '../../sandbox/program-runner.ts';

/** Kept between runs of the tests: making it takes half a minute. */
export const SHARED_CACHE = join(tmpdir(), 'hydra-sandbox-test-cache');

export const ADAPTERS = ['deno', 'bubblewrap'] as const;
export type Adapter = (typeof ADAPTERS)[number];

/** An adapter under test, or why it cannot be tested here. */
export interface Bench {
  readonly adapter: Adapter;
  readonly runner: ProgramRunner | null;
  readonly reason: string;
  /** Command lines of processes that belong to this bench and are still there. */
  leftovers(): readonly string[];
  close(): Promise<void>;
}

/** Starts an adapter with a cache path of its own, by which its processes are recognised. */
export async function openBench(adapter: Adapter): Promise<Bench> {
  await prepareSandbox(SHARED_CACHE, () => undefined);
  const cacheFolder = join(tmpdir(), `hydra-bench-${randomUUID()}`);
  symlinkSync(SHARED_CACHE, cacheFolder);
  const choice = await createProgramRunner({ choice: adapter, cacheFolder });
  const runner = choice.kind === 'runner' ? choice.runner : null;
  const reason = choice.kind === 'none' ? choice.reason : '';
  if (reason !== '') process.stderr.write(`The contract of ${adapter} is skipped: ${reason}\n`);
  const close = async (): Promise<void> => {
    await runner?.close();
    rmSync(cacheFolder);
  };
  return { adapter, runner, reason, leftovers: () => processesWith(cacheFolder), close };
}

/** Processes of this machine with a word in their command line or environment. */
export function processesWith(word: string): readonly string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/u.test(name) && name !== String(process.pid));
  return ids.flatMap((id) => {
    try {
      const texts = [`/proc/${id}/cmdline`, `/proc/${id}/environ`].map((path) => readFileSync(path, 'utf8'));
      return texts.some((text) => text.includes(word)) ? [`${id} ${texts[0]?.replaceAll('\0', ' ')}`] : [];
    } catch {
      return [];
    }
  });
}

/** Runs one job of files given as a record. */
export function runFiles(
  runner: ProgramRunner,
  language: RunnableLanguage,
  files: Readonly<Record<string, string>>,
  task: SandboxTask,
  limits: Partial<SandboxLimits> = {},
): Promise<SandboxReport> {
  const job: SandboxJob = {
    language,
    files: Object.entries(files).map(([path, content]) => ({ path, content })),
    task,
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
  return runner.run(job, new AbortController().signal);
}

export const MAIN_FILES: Readonly<Record<RunnableLanguage, string>> = {
  python: 'main.py',
  typescript: 'main.ts',
  javascript: 'main.js',
};

/** Evaluates expressions beside one main file. */
export function runCalls(
  runner: ProgramRunner,
  language: RunnableLanguage,
  content: string,
  expressions: readonly string[],
  limits: Partial<SandboxLimits> = {},
): Promise<SandboxReport> {
  const module = MAIN_FILES[language];
  return runFiles(runner, language, { [module]: content }, { kind: 'calls', module, expressions }, limits);
}

/** Runs one main file as a program. */
export function runProgram(
  runner: ProgramRunner,
  language: RunnableLanguage,
  content: string,
  limits: Partial<SandboxLimits> = {},
  stdin = '',
): Promise<SandboxReport> {
  const module = MAIN_FILES[language];
  return runFiles(runner, language, { [module]: content }, { kind: 'program', module, stdin }, limits);
}
