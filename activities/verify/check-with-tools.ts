import { isRunnable, type RunnableLanguage } from '../../domain/language.ts';
import type { Program } from '../../domain/program.ts';
import type { Check } from '../../domain/verdict.ts';
import type { ToolReport } from '../../languages/tool-report.ts';
import { cutEvidence, skippedCheck, type CheckStep, type StepFindings } from './check-step.ts';

/** A cold type checker on a busy laptop takes six seconds; five times that is a tool that hangs. */
const TOOL_TIMEOUT_MS = 30_000;

/**
 * Types, by Deno's checker or pyright. They only score: right programs fail strict checkers too often for a gate.
 * JavaScript has none.
 */
export const checkProgramTypes: CheckStep = async ({ program, tools, signal }) => {
  if (!isRunnable(program.language) || program.language === 'javascript') return { checks: [] };
  return toFindings(
    'types',
    await tools.checkTypes(asRunnable(program, program.language), { timeoutMs: TOOL_TIMEOUT_MS, signal }),
  );
};

/** Real bugs that a linter sees without running; they score. */
export const lint: CheckStep = async ({ program, tools, signal }) => {
  if (!isRunnable(program.language)) return { checks: [] };
  return toFindings(
    'lint',
    await tools.lint(asRunnable(program, program.language), { timeoutMs: TOOL_TIMEOUT_MS, signal }),
  );
};

function asRunnable<Runnable extends RunnableLanguage>(program: Program, language: Runnable) {
  return { ...program, language };
}

function toFindings(kind: Check['kind'], report: ToolReport): StepFindings {
  if (!report.ran) return { checks: [skippedCheck(kind, report.tool, report.message)] };
  const errors = report.findings.filter((finding) => finding.severity === 'error');
  const lines = errors.map(({ file, line, rule, message }) => `${file}:${line}: ${message} (${rule})`);
  const check: Check = {
    kind,
    author: report.tool,
    trusted: false,
    inProcess: false,
    outcome: errors.length === 0 ? 'passed' : 'failed',
    passedCount: errors.length === 0 ? 1 : 0,
    totalCount: 1,
    evidence: cutEvidence(lines.join('\n')),
    durationMs: Math.round(report.durationMs),
  };
  return { checks: [check] };
}
