import type { RunnableLanguage } from '../domain/language.ts';
import type { SourceFile } from '../domain/request.ts';
import { countPythonTests } from './python-tests.ts';
import { readSyntax } from './syntax.ts';
import { countTypescriptTests } from './typescript-tests.ts';

/** The tests that stand in test files, counted without running them. */
export interface TestCount {
  readonly total: number;
  /** Such as `test_slug.py::TestSlug::test_empty` or `slug.test.ts > slugify > trims`. */
  readonly names: readonly string[];
  /** False when loops or computed parameters make the real number unknowable; `total` is then a lower bound. */
  readonly exact: boolean;
}

/** Counts the tests of pytest, unittest, vitest, jest, node:test and Deno. */
export async function countTests(language: RunnableLanguage, files: readonly SourceFile[]): Promise<TestCount> {
  const perFile = await Promise.all(
    files.map(async ({ path, content }) => {
      const root = await readSyntax(language, content);
      const tests = language === 'python' ? countPythonTests(root) : countTypescriptTests(root);
      const separator = language === 'python' ? '::' : ' > ';
      return tests.map((test) => ({ ...test, name: `${path}${separator}${test.name}` }));
    }),
  );
  const tests = perFile.flat();
  return {
    total: tests.reduce((total, { times }) => total + (times ?? 1), 0),
    names: tests.map(({ name }) => name),
    exact: tests.every(({ times }) => times !== undefined),
  };
}
