import type { z } from 'zod';
import { maskCredentials, type SettingProblem } from './setting-problem.ts';

/** Every rule that the content of a settings file breaks. Parse with `reportInput: true`, so that the values seen are known. */
export function toFileProblems(error: z.ZodError, file: string): SettingProblem[] {
  return error.issues.map((issue) => ({
    name: issue.path.length === 0 ? 'the file' : issue.path.join('.'),
    rule: issue.message,
    value: describeInput(issue.input),
    origin: file,
    fix: `change it in ${file}`,
  }));
}

/** A broken rule that is told by hand. */
export function toFileProblem(name: string, rule: string, value: string, file: string): SettingProblem {
  return { name, rule, value: maskCredentials(value), origin: file, fix: `change it in ${file}` };
}

/** Long and nested values are of no help in a report. */
function describeInput(input: unknown): string {
  if (typeof input === 'string') return input.slice(0, 100);
  return typeof input === 'number' || typeof input === 'boolean' ? String(input) : '';
}
