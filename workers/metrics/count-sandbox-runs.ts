import { Counter, Histogram, type Registry } from 'prom-client';
import type { ProgramRunner } from '../../sandbox/program-runner.ts';

/** From a warm interpreter to the longest run that the settings allow by default. */
const RUN_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The same sandbox, which counts and times its runs. `ending` is `fault` where the sandbox itself failed. */
export function countSandboxRuns(runner: ProgramRunner, registry: Registry): ProgramRunner {
  const labelNames = ['language', 'task'] as const;
  const runs = new Counter({
    name: 'hydra_sandbox_runs_total',
    help: 'Runs of generated code in the sandbox, by how they ended.',
    labelNames: [...labelNames, 'ending'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'hydra_sandbox_run_seconds',
    help: 'Time of one run in the sandbox, its start included.',
    labelNames,
    buckets: RUN_SECONDS,
    registers: [registry],
  });
  return {
    description: runner.description,
    close: () => runner.close(),
    async run(job, signal) {
      const labels = { language: job.language, task: job.task.kind };
      const stopTimer = seconds.startTimer(labels);
      try {
        const report = await runner.run(job, signal);
        runs.inc({ ...labels, ending: report.ending });
        return report;
      } catch (error) {
        runs.inc({ ...labels, ending: 'fault' });
        throw error;
      } finally {
        stopTimer();
      }
    },
  };
}
