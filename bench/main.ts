/** Measures Hydra's own overhead and writes the report: `npm run bench -- [--quick] [--seed N] [--out FILE]`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSettings } from '../config/load-settings.ts';
import { loadTemporalDev } from '../config/load-temporal-dev.ts';
import { readPrograms } from '../workers/programs.ts';
import { compareSides, type Comparison } from './compare-sides.ts';
import { describeCircumstances } from './describe-machine.ts';
import { measureCheckers } from './measure-checkers.ts';
import { measureIdle } from './measure-idle.ts';
import { renderReport } from './render-report.ts';
import { summarize, summarizeSide } from './summarize.ts';
import { FULL_PLAN, QUICK_PLAN } from './workload.ts';

const PROJECT = join(import.meta.dirname, '..');
const REPORT_FILE = join(PROJECT, 'bench/results/overhead.md');

const { values: options } = parseArgs({
  options: {
    /** About a minute; the report goes to the terminal only, unless a file is named. */
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});

// Servers and measured processes end with this one.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const out = options.out ?? (options.quick ? undefined : REPORT_FILE);
const folder = await mkdtemp(join(tmpdir(), 'hydra-bench-'));
try {
  const report = await measure(await prepare(folder));
  process.stdout.write(`\n${report}`);
  if (out !== undefined) {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, report);
    process.stdout.write(`\nWritten to ${out}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function prepare(folder: string): Promise<Comparison> {
  const loaded = loadSettings({ environment: process.env, folder: PROJECT });
  if (!loaded.ok) throw new Error(loaded.problems.map((problem) => JSON.stringify(problem)).join('\n'));
  const { config: dev } = loadTemporalDev(PROJECT);
  if (dev === null) throw new Error('temporal-dev.yaml is missing.');
  const programs = await readPrograms(loaded.settings);
  const executable = programs.temporal?.path;
  if (executable === undefined)
    throw new Error('Temporal is not set up: use npm run bench, or set HYDRA_TEMPORAL_CLI.');
  const seed = Number(options.seed);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed is a whole number, not ${options.seed}.`);
  const report = (sentence: string) => void process.stderr.write(`${sentence}\n`);
  return { plan: options.quick ? QUICK_PLAN : FULL_PLAN, seed, folder, executable, dev, report };
}

async function measure(comparison: Comparison): Promise<string> {
  const { plan, seed, executable } = comparison;
  const circumstances = describeCircumstances(executable);
  const measurements = await compareSides(comparison);
  const checkers = await measureCheckers(comparison);
  comparison.report(`idle, ${plan.idleSeconds} s`);
  const idle = await measureIdle(comparison);
  const withCheckers = checkers.map((one) => ({ load: one.load, hydra: summarizeSide([one]) }));
  return renderReport({ circumstances, plan, seed, idle, loads: summarize(plan.loads, measurements), withCheckers });
}
