import { isRunnable, type RunnableLanguage } from '../../domain/language.ts';
import type { Program } from '../../domain/program.ts';
import type { Check } from '../../domain/verdict.ts';
import { checkTypes } from '../../languages/check-types.ts';
import { lintProgram } from '../../languages/lint.ts';
import type { ToolReport } from '../../languages/tool-report.ts';
import { cutEvidence, skippedCheck, type CheckStep, type StepFindings } from './check-step.ts';

/** A cold type checker on a busy laptop takes six seconds; five times that is a tool that hangs. */
const TOOL_TIMEOUT_MS = 30_000;

/** The compiler's types for TypeScript: a rule, because such a program does not build. */
export const checkTypeScriptTypes: CheckStep = async ({ program, signal }) => {
  if (program.language !== 'typescript') return { checks: [] };
  return toFindings(
    'types',
    await checkTypes(asRunnable(program, 'typescript'), { timeoutMs: TOOL_TIMEOUT_MS, signal }),
    true,
  );
};

/** Types for Python only score: a right program may well fail a strict checker. */
export const checkPythonTypes: CheckStep = async ({ program, signal }) => {
  if (program.language !== 'python') return { checks: [] };
  return toFindings(
    'types',
    await checkTypes(asRunnable(program, 'python'), { timeoutMs: TOOL_TIMEOUT_MS, signal }),
    false,
  );
};

/** Real bugs that a linter sees without running; they score. */
export const lint: CheckStep = async ({ program, signal }) => {
  if (!isRunnable(program.language)) return { checks: [] };
  return toFindings(
    'lint',
    await lintProgram(asRunnable(program, program.language), { timeoutMs: TOOL_TIMEOUT_MS, signal }),
    false,
  );
};

function asRunnable<Runnable extends RunnableLanguage>(program: Program, language: Runnable) {
  return { ...program, language };
}

function toFindings(kind: Check['kind'], report: ToolReport, trusted: boolean): StepFindings {
  if (!report.ran) return { checks: [skippedCheck(kind, report.tool, report.message)] };
  const errors = report.findings.filter((finding) => finding.severity === 'error');
  const lines = errors.map(({ file, line, rule, message }) => `${file}:${line}: ${message} (${rule})`);
  const check: Check = {
    kind,
    author: report.tool,
    trusted,
    inProcess: false,
    outcome: errors.length === 0 ? 'passed' : 'failed',
    passedCount: errors.length === 0 ? 1 : 0,
    totalCount: 1,
    evidence: cutEvidence(lines.join('\n')),
    durationMs: Math.round(report.durationMs),
  };
  return { checks: [check] };
}
