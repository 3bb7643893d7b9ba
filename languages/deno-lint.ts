import type { Program } from '../domain/program.ts';
import { languageOfFile } from './file-language.ts';
import { withProgramFolder } from './program-folder.ts';
import { runTool, type ToolEnding } from './run-tool.ts';
import { findDenoBinary } from '../sandbox/deno/deno-binary.ts';
import { notRun, type ToolFinding, type ToolOptions, type ToolReport } from './tool-report.ts';

/** Rules that mean a program that cannot work or does not do what it says; style is not our business. */
const FAULTS = [
  'constructor-super',
  'no-class-assign',
  'no-const-assign',
  'no-dupe-args',
  'no-dupe-class-members',
  'no-func-assign',
  'no-import-assign',
  'no-new-symbol',
  'no-obj-calls',
  'no-this-before-super',
  'no-unsafe-negation',
  'getter-return',
];
const WARNINGS = [
  'for-direction',
  'no-compare-neg-zero',
  'no-cond-assign',
  'no-constant-condition',
  'no-dupe-else-if',
  'no-dupe-keys',
  'no-duplicate-case',
  'no-ex-assign',
  'no-invalid-regexp',
  'no-self-assign',
  'no-self-compare',
  'no-unreachable',
  'no-unsafe-finally',
  'use-isnan',
  'valid-typeof',
];

interface LintOutput {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly range: { readonly start: { readonly line: number } };
    readonly message: string;
    readonly code: string;
  }[];
  readonly errors: readonly { readonly file_path: string; readonly message: string }[];
}

/** Lints a TypeScript or JavaScript program. */
export async function runDenoLint(program: Program, options: ToolOptions): Promise<ToolReport> {
  const startedAt = performance.now();
  const deno = findDenoBinary()?.path;
  if (deno === undefined) return notRun('deno', 'missing', 'the npm package deno has no binary here', startedAt);
  const sources = program.files.filter(({ path }) => /^(?:type|java)script$/.test(languageOfFile(path) ?? ''));
  const configuration = JSON.stringify({ lint: { rules: { tags: [], include: [...FAULTS, ...WARNINGS] } } });
  return withProgramFolder([...sources, { path: 'deno.json', content: configuration }], async (folder) => {
    const ending = await runTool(
      {
        command: deno,
        arguments: ['lint', '--json', '--config', 'deno.json', ...sources.map(({ path }) => `./${path}`)],
        folder,
        environment: { HOME: folder, DENO_DIR: `${folder}/.deno`, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
      },
      options,
    );
    return reportOf(ending, folder, startedAt);
  });
}

function reportOf(ending: ToolEnding, folder: string, startedAt: number): ToolReport {
  if (ending.ended !== 'exited') return notRun('deno', ending.ended, ending.message, startedAt);
  let output: LintOutput;
  try {
    output = JSON.parse(ending.output) as LintOutput;
  } catch {
    return notRun('deno', 'failed', ending.errors.replaceAll(folder, '').slice(0, 500), startedAt);
  }
  const findings: readonly ToolFinding[] = [
    ...output.errors.map(({ file_path: file, message }) => ({
      severity: 'error' as const,
      file: nameIn(folder, file),
      line: 1,
      rule: 'syntax',
      message,
    })),
    ...output.diagnostics.map(({ filename, range, message, code }) => ({
      severity: FAULTS.includes(code) ? ('error' as const) : ('warning' as const),
      file: nameIn(folder, filename),
      line: range.start.line,
      rule: code,
      message,
    })),
  ];
  return { tool: 'deno', ran: true, findings, durationMs: performance.now() - startedAt };
}

function nameIn(folder: string, file: string): string {
  return decodeURI(file.replace(/^file:\/\//, '')).replace(`${folder}/`, '');
}
