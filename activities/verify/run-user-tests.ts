import { isRunnable } from '../../domain/language.ts';
import type { Check } from '../../domain/verdict.ts';
import { formatCount } from '../../domain/format-count.ts';
import { countTests, type TestCount } from '../../languages/count-tests.ts';
import type { SandboxReport, TestOutcome } from '../../sandbox/program-runner.ts';
import { cutEvidence, since, type CheckStep } from './check-step.ts';

/**
 * Runs the user's test files beside the program. Their number is counted from their text beforehand, so that a candidate
 * which ends the process early or hides tests gains nothing.
 */
export const runUserTests: CheckStep = async ({ program, request, scope, runner, limits, signal }) => {
  if (scope.planned || request.tests.length === 0 || !runner || !isRunnable(program.language)) return { checks: [] };
  const startedAt = performance.now();
  const counted = await countTests(program.language, request.tests);
  const testFiles = request.tests.map((test) => test.path);
  const names = new Set(testFiles);
  const files = [...program.files.filter((file) => !names.has(file.path)), ...request.tests];
  const report = await runner.run(
    { language: program.language, files, task: { kind: 'tests', testFiles, testCount: counted.total }, limits },
    signal,
  );
  const maySkip = request.tests.some((test) => SKIPS.test(test.content));
  return { checks: [testsCheck(report, counted, maySkip, since(startedAt))], ranOn: report.runner };
};

/** A test may be skipped only where its own file speaks of that: a candidate can raise what the test libraries skip by. */
const SKIPS = /skip|todo|xfail|ignore/i;

function testsCheck(report: SandboxReport, counted: TestCount, maySkip: boolean, durationMs: number): Check {
  const ran = report.tests.filter((test) => test.outcome !== 'skipped' || !maySkip);
  const passed = ran.filter((test) => test.outcome === 'passed');
  const missing = Math.max(0, counted.total - report.tests.length);
  const totalCount = Math.max(counted.total, ran.length);
  const allPassed = passed.length === ran.length && missing === 0 && passed.length > 0;
  return {
    kind: 'user_tests',
    author: 'user',
    trusted: true,
    inProcess: true,
    outcome: allPassed ? 'passed' : report.ending === 'wall_clock' || report.ending === 'cpu' ? 'timeout' : 'failed',
    passedCount: passed.length,
    totalCount,
    evidence: allPassed ? '' : cutEvidence(describe(report, ran, missing)),
    durationMs,
  };
}

function describe(report: SandboxReport, ran: readonly TestOutcome[], missing: number): string {
  const failed = ran
    .filter((test) => test.outcome !== 'passed')
    .map((test) => `${test.name}: ${test.evidence || test.outcome}`);
  const unseen =
    missing > 0 ? [`${formatCount(missing, 'test')} did not report; the run ended with: ${report.ending}.`] : [];
  const load = report.loadError ? [report.loadError] : [];
  return [...failed, ...unseen, ...load].join('\n');
}
