import type { RunnableLanguage } from '../domain/language.ts';
import type { Program } from '../domain/program.ts';
import { runDenoCheck } from './deno-check.ts';
import { runPyright } from './pyright.ts';
import type { ToolOptions, ToolReport } from './tool-report.ts';

/**
 * Type-checks a program: pyright for Python, Deno's own checker otherwise. No network; nothing of the program runs; modules
 * that are not installed count as unknown, not as errors.
 */
export function checkTypes(
  program: Program & { readonly language: RunnableLanguage },
  options: ToolOptions,
): Promise<ToolReport> {
  return program.language === 'python' ? runPyright(program, options) : runDenoCheck(program, options);
}
