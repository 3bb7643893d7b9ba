import type { CallOutcome, SandboxEnding, SandboxJob, SandboxReport, TestOutcome } from './program-runner.ts';
import type { DriverFrame, Item } from './process/frame-reader.ts';
import { createOutputCollector, type OutputCollector } from './process/output-collector.ts';
import type { ProcessEnd, ProcessJob } from './process/process-job.ts';

/** Runs the job once in a fresh process; items in `skip` were answered before. */
export type RunOnce = (
  request: Omit<ProcessJob, 'payload'> & { readonly skip: readonly Item[] },
) => Promise<ProcessEnd>;

// A candidate whose calls hang or kill the process this often is wrong; more would only cost time.
const MOST_LOST_PROCESSES = 4;

const TIME_ENDINGS: readonly ProcessEnd['ending'][] = ['call_timeout', 'wall_clock', 'cpu'];

/** What has come in so far, over all processes of one job. */
interface Progress {
  readonly output: OutputCollector;
  readonly calls: Map<Item, CallOutcome>;
  readonly tests: Map<Item, TestOutcome>;
  readonly collected: Set<Item>;
  loaded: boolean;
  loadError: string | null;
  wallClockMs: number;
  cpuMs: number;
}

/**
 * Runs a job to its end. A call or test that hangs or ends the process loses only itself: the following ones go on in a
 * fresh process, within what is left of the job's time.
 */
export async function runJob(job: SandboxJob, runOnce: RunOnce): Promise<Omit<SandboxReport, 'runner'>> {
  const started = performance.now();
  const progress = createProgress(job);
  let ending: SandboxEnding = 'finished';
  let exitCode: number | null = null;
  for (let lost = 0; lost < MOST_LOST_PROCESSES; lost += 1) {
    const end = await runWithin(job, progress, runOnce);
    exitCode = end.exitCode;
    if (end.ending !== 'call_timeout' && end.ending !== 'finished' && ending === 'finished') ending = end.ending;
    if (end.ending === 'finished' || end.item === null) break;
    recordLoss(job, progress, end);
    if (!mayGoOn(end, progress)) break;
  }
  return report(job, progress, ending, exitCode, performance.now() - started);
}

function createProgress(job: SandboxJob): Progress {
  return {
    output: createOutputCollector(job.limits.outputBytes),
    calls: new Map(),
    tests: new Map(),
    collected: new Set(),
    loaded: job.task.kind === 'program',
    loadError: null,
    wallClockMs: job.limits.wallClockMs,
    cpuMs: job.limits.cpuMs,
  };
}

async function runWithin(job: SandboxJob, progress: Progress, runOnce: RunOnce): Promise<ProcessEnd> {
  const end = await runOnce({
    skip: [...progress.calls.keys(), ...progress.tests.keys()],
    endsByItself: job.task.kind === 'program',
    stdin: job.task.kind === 'program' ? job.task.stdin : '',
    limits: job.limits,
    wallClockMs: progress.wallClockMs,
    cpuMs: progress.cpuMs,
    output: progress.output,
    onFrame: (frame) => record(progress, frame),
  });
  progress.wallClockMs -= end.wallClockMs;
  progress.cpuMs -= end.cpuMs;
  return end;
}

function record(progress: Progress, frame: DriverFrame): void {
  switch (frame.kind) {
    case 'loaded':
      progress.loaded = progress.loadError === null;
      break;
    case 'load_failed':
      progress.loaded = false;
      progress.loadError ??= frame.error;
      break;
    case 'collected':
      progress.collected.add(frame.item);
      break;
    case 'call':
      progress.calls.set(frame.item, frame.outcome);
      break;
    case 'test':
      progress.tests.set(frame.item, { name: String(frame.item), outcome: frame.outcome, evidence: frame.evidence });
      break;
    case 'ready':
    case 'started':
    case 'done':
      break;
    default:
      frame satisfies never;
  }
}

/** What ended the process concerns one call or test only, and there is time for the others. */
function mayGoOn(end: ProcessEnd, progress: Progress): boolean {
  const ofOneItem = ['call_timeout', 'crashed', 'memory', 'processes'].includes(end.ending);
  return ofOneItem && progress.wallClockMs > 0 && progress.cpuMs > 0;
}

function recordLoss(job: SandboxJob, progress: Progress, end: ProcessEnd): void {
  if (end.item === null) return;
  const timeout = TIME_ENDINGS.includes(end.ending);
  if (job.task.kind === 'calls') progress.calls.set(end.item, { ended: timeout ? 'timeout' : 'crashed' });
  else progress.tests.set(end.item, lostTest(String(end.item), end.ending));
}

function lostTest(name: string, ending: ProcessEnd['ending']): TestOutcome {
  if (TIME_ENDINGS.includes(ending)) return { name, outcome: 'timeout', evidence: 'The test did not end in its time.' };
  return { name, outcome: 'error', evidence: `The process ended during this test (${ending}).` };
}

function report(
  job: SandboxJob,
  progress: Progress,
  ending: SandboxEnding,
  exitCode: number | null,
  durationMs: number,
): Omit<SandboxReport, 'runner'> {
  return {
    ending,
    loaded: progress.loaded,
    loadError: progress.loaded ? null : (progress.loadError ?? `The process ended before it was loaded (${ending}).`),
    calls: callsOf(job, progress),
    tests: testsOf(job, progress),
    exitCode: job.task.kind === 'program' ? exitCode : null,
    output: progress.output.text(),
    outputCut: progress.output.isCut(),
    durationMs: Math.round(durationMs),
  };
}

function callsOf({ task }: SandboxJob, { calls }: Progress): readonly CallOutcome[] {
  if (task.kind !== 'calls') return [];
  const last = [...calls.values()].at(-1);
  const unanswered: CallOutcome = { ended: last?.ended === 'timeout' ? 'timeout' : 'crashed' };
  return task.expressions.map((_, index) => calls.get(index) ?? unanswered);
}

/** Every test that was announced, and one error for each that static analysis counted and nobody announced. */
function testsOf({ task }: SandboxJob, { tests, collected, loadError }: Progress): readonly TestOutcome[] {
  if (task.kind !== 'tests') return [];
  const named = [...new Set([...collected, ...tests.keys()])].map(
    (item) =>
      tests.get(item) ?? { name: String(item), outcome: 'error' as const, evidence: 'The test did not report.' },
  );
  const missing = Math.max(0, (task.testCount ?? 0) - named.length);
  const evidence = loadError ?? 'The test was not found when the file was loaded.';
  const unknown = Array.from({ length: missing }, (_, index) => ({
    name: `test ${named.length + index + 1}`,
    outcome: 'error' as const,
    evidence,
  }));
  return [...named, ...unknown];
}
