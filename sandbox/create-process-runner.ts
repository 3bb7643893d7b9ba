import { pathToFileURL } from 'node:url';
import type { RunnableLanguage } from '../domain/language.ts';
import { checkJob } from './check-job.ts';
import type { Launcher } from './launcher.ts';
import { encodeTask, writeProgram } from './prepare-program.ts';
import { SandboxProcess } from './process/sandbox-process.ts';
import type { ProgramRunner, SandboxJob, SandboxLimits } from './program-runner.ts';
import { runJob, type RunOnce } from './run-job.ts';

// One process waits for the next job of its kind; after this long without one its memory is worth more.
const WARM_FOR_MS = 120_000;

/** Makes the runner of an adapter: one process per job, the next one started while nothing runs. */
export function createProcessRunner(launcher: Launcher, expectFile: string): ProgramRunner {
  const pool = createWarmPool(launcher);
  return {
    description: launcher.description,
    async run(job, signal) {
      checkJob(job);
      const report = await runJob(job, createRunOnce(job, pool, expectFile, signal));
      pool.startNext(job.language, job.limits);
      return { ...report, runner: launcher.description.name };
    },
    close: () => pool.close(),
  };
}

function createRunOnce(job: SandboxJob, pool: WarmPool, expectFile: string, signal: AbortSignal): RunOnce {
  return async ({ skip, ...request }) => {
    const sandboxed = await pool.take(job.language, job.limits);
    try {
      const payload = { skip, ...(await encodeJob(job, sandboxed.launch.programFolder, expectFile)) };
      return await sandboxed.run({ ...request, payload }, signal);
    } finally {
      await sandboxed.end();
    }
  };
}

async function encodeJob(
  job: SandboxJob,
  programFolder: string | null,
  expectFile: string,
): Promise<Readonly<Record<string, unknown>>> {
  if (programFolder === null) return { files: job.files, task: job.task };
  await writeProgram(job, programFolder);
  const folder = `${pathToFileURL(programFolder).href}/`;
  return { folder, expectUrl: pathToFileURL(expectFile).href, task: await encodeTask(job) };
}

interface WarmPool {
  /** A process for one job: the one that waits, or a new one. */
  take(language: RunnableLanguage, limits: SandboxLimits): Promise<SandboxProcess>;
  startNext(language: RunnableLanguage, limits: SandboxLimits): void;
  close(): Promise<void>;
}

function createWarmPool(launcher: Launcher): WarmPool {
  const waiting = new Map<string, Promise<SandboxProcess>>();
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;
  const start = async (language: RunnableLanguage, limits: SandboxLimits): Promise<SandboxProcess> =>
    new SandboxProcess(await launcher.prepareLaunch(language, limits));
  const remove = (key: string): Promise<SandboxProcess> | undefined => {
    const found = waiting.get(key);
    waiting.delete(key);
    clearTimeout(timers.get(key));
    return found;
  };
  const drop = async (key: string): Promise<void> => {
    const found = await remove(key)?.catch(() => undefined);
    await found?.end();
  };
  return {
    async take(language, limits) {
      const warm = await remove(keyOf(language, limits))?.catch(() => undefined);
      const isAlive = await warm?.ready.then(() => warm.isRunning()).catch(() => false);
      if (warm !== undefined && isAlive === true) return warm;
      await warm?.end();
      return start(language, limits);
    },
    startNext(language, limits) {
      const key = keyOf(language, limits);
      if (closed || waiting.has(key)) return;
      const next = start(language, limits);
      next.catch(() => undefined);
      waiting.set(key, next);
      timers.set(key, setTimeout(() => void drop(key), WARM_FOR_MS).unref());
    },
    async close() {
      closed = true;
      await Promise.all([...waiting.keys()].map(drop));
    },
  };
}

/** What is fixed when a process starts; TypeScript and JavaScript are the same to it. */
function keyOf(language: RunnableLanguage, limits: SandboxLimits): string {
  const kind = language === 'python' ? 'python' : 'javascript';
  return [kind, limits.memoryBytes, limits.processes, limits.fileBytes].join(' ');
}
