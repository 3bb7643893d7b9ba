import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { RunnableLanguage } from '../../domain/language.ts';
import { checkTypes } from '../../languages/check-types.ts';
import { lintProgram } from '../../languages/lint.ts';
import type { ToolReport } from '../../languages/tool-report.ts';

/** Generous: the machine may be busy and both checkers start cold. */
const OPTIONS = { timeoutMs: 120_000 };

function program(language: RunnableLanguage, files: Readonly<Record<string, string>>) {
  const list = Object.entries(files).map(([path, content]) => ({ path, content }));
  return { language, mainFile: list[0]?.path ?? '', files: list };
}

function found(report: ToolReport): readonly string[] {
  if (!report.ran) throw new Error(`${report.reason}: ${report.message}`);
  return report.findings.map(({ severity, file, line, rule }) => `${severity} ${file}:${line} ${rule}`);
}

describe('types of Python', { timeout: 150_000 }, () => {
  test('faults are errors, doubts are warnings, and packages that are not here are neither', async () => {
    const report = await checkTypes(
      program('python', {
        'main.py':
          'import numpy as np\nfrom pkg.shapes import area, missing\nimport re\nprint(re.match("a", "b").group())\narea(1, 2)\nunknown(np.array([1]))\n',
        'pkg/__init__.py': '',
        'pkg/shapes.py': 'def area(r: float) -> float:\n    return r\n',
      }),
      OPTIONS,
    );
    expect(found(report)).toEqual([
      'error main.py:2 reportAttributeAccessIssue',
      'warning main.py:4 reportOptionalMemberAccess',
      'error main.py:5 reportCallIssue',
      'error main.py:6 reportUndefinedVariable',
    ]);
  });

  test('a checker that takes too long is ended and says so', async () => {
    const report = await checkTypes(program('python', { 'main.py': 'x = 1\n' }), { timeoutMs: 1 });
    expect(report).toMatchObject({ ran: false, reason: 'timeout' });
  });

  test('a cancelled check says so and leaves no folder behind', async () => {
    const before = await checkFolders();
    const aborting = new AbortController();
    const pending = checkTypes(program('python', { 'main.py': 'x = 1\n' }), { ...OPTIONS, signal: aborting.signal });
    aborting.abort();
    expect(await pending).toMatchObject({ ran: false, reason: 'cancelled' });
    expect((await checkFolders()).filter((folder) => !before.includes(folder))).toEqual([]);
  });

  test('files outside the program folder are refused', async () => {
    await expect(checkTypes(program('python', { '../x.py': '' }), OPTIONS)).rejects.toThrow(
      'A path leaves the folder of the program.',
    );
  });
});

async function checkFolders(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`hydra-check-${process.pid}-`));
}

describe('types of TypeScript and JavaScript', { timeout: 150_000 }, () => {
  test('faults are errors, strictness is a warning, unknown modules are neither', async () => {
    const report = await checkTypes(
      program('typescript', {
        'main.ts': [
          "import lodash, { map } from 'lodash';",
          "import { z, type Schema } from 'https://example.invalid/zod.ts';",
          "import { readFileSync } from 'fs';",
          "import { area } from './shapes.js';",
          'export function f(a): Schema { return map(lodash, z, a, readFileSync); }',
          "area(1, 'x');",
          'document.title = unknownName;',
        ].join('\n'),
        'shapes.ts': 'export function area(r: number): number { return r; }\n',
      }),
      OPTIONS,
    );
    expect(found(report)).toEqual(['warning main.ts:5 TS7006', 'error main.ts:6 TS2554', 'error main.ts:7 TS2304']);
  });

  test('JavaScript is asked only for names that do not exist', async () => {
    const source = 'export function f(a) { return a.b + missingName; }\nf(1, 2);\n';
    const report = await checkTypes(program('javascript', { 'main.js': source }), OPTIONS);
    expect(found(report).filter((each) => each.startsWith('error'))).toEqual(['error main.js:1 TS2304']);
  });
});

describe('lint', { timeout: 60_000 }, () => {
  test('finds undefined names in Python and leaves style alone', async () => {
    const source = 'import os\ndef f(a=[]):\n    x = 1\n    return undefined_name\ndef f(): return 2\n';
    const report = await lintProgram(program('python', { 'main.py': source }), OPTIONS);
    expect(found(report)).toEqual(expect.arrayContaining(['error main.py:4 F821', 'warning main.py:5 F811']));
    expect(found(report)).toHaveLength(2);
  });

  test('finds code that cannot work in TypeScript and leaves style alone', async () => {
    const source = 'var unused = 1;\nconst a = 1;\na = 2;\nif (a === NaN) { debugger; }\n';
    const report = await lintProgram(program('typescript', { 'main.ts': source }), OPTIONS);
    expect(found(report)).toEqual(['error main.ts:3 no-const-assign', 'warning main.ts:4 use-isnan']);
  });

  test('tells syntax errors', async () => {
    const report = await lintProgram(program('javascript', { 'main.js': 'function ( {' }), OPTIONS);
    expect(found(report)).toEqual(['error main.js:1 syntax']);
  });
});
