import type { RunnableLanguage } from '../domain/language.ts';
import type { Program } from '../domain/program.ts';
import { runDenoLint } from './deno-lint.ts';
import { languageOfFile } from './file-language.ts';
import { runRuff } from './ruff.ts';
import type { ToolFinding, ToolOptions, ToolReport } from './tool-report.ts';

/** Rules that mean a program that cannot work; the rest of ruff's findings are warnings. */
const FAULTS = /^(?:invalid-syntax|E9\d*|F82[123]|F63[34]|F7\d\d|PLE\d+)$/;

/** Looks for real bugs, not style: ruff for Python, `deno lint` otherwise. Nothing of the program runs. */
export async function lintProgram(
  program: Program & { readonly language: RunnableLanguage },
  options: ToolOptions,
): Promise<ToolReport> {
  return program.language === 'python' ? lintPython(program) : runDenoLint(program, options);
}

function lintPython(program: Program): ToolReport {
  const startedAt = performance.now();
  const findings: ToolFinding[] = [];
  for (const { path, content } of program.files.filter((file) => languageOfFile(file.path) === 'python')) {
    for (const { code, message, start_location: start } of runRuff(content)) {
      const rule = code ?? 'invalid-syntax';
      findings.push({ severity: FAULTS.test(rule) ? 'error' : 'warning', file: path, line: start.row, rule, message });
    }
  }
  return { tool: 'ruff', ran: true, findings, durationMs: performance.now() - startedAt };
}
