/** A process that runs a program without end and says so; the test kills it. Arguments: adapter, cache folder. */
import process from 'node:process';
import { createProgramRunner } from '../../sandbox/create-program-runner.ts';
import { DEFAULT_LIMITS } from '../../sandbox/default-limits.ts';
import type { Adapter } from './sandbox-support.ts';

const HOUR_MS = 3_600_000;
const [adapter, cacheFolder = ''] = process.argv.slice(2);
const choice = await createProgramRunner({ choice: adapter as Adapter, cacheFolder });
if (choice.kind === 'runner') {
  const limits = { ...DEFAULT_LIMITS, wallClockMs: HOUR_MS, cpuMs: HOUR_MS };
  const programs = [
    { language: 'python', path: 'spin.py', content: 'while True: pass' },
    { language: 'python', path: 'wait.py', content: 'import time\ntime.sleep(3600)' },
    { language: 'typescript', path: 'wait.ts', content: 'setInterval(() => 0, 1000);' },
  ] as const;
  for (const { language, path, content } of programs) {
    const task = { kind: 'program', module: path, stdin: '' } as const;
    const job = { language, files: [{ path, content }], task, limits };
    void choice.runner.run(job, new AbortController().signal);
  }
  process.stdout.write('running\n');
} else process.stdout.write(`none: ${choice.reason}\n`);
