import { relative } from 'node:path';
import type { Program } from '../domain/program.ts';
import { withProgramFolder } from './program-folder.ts';
import { runTool, type ToolEnding } from './run-tool.ts';
import { findPyright } from './tool-locations.ts';
import { notRun, type ToolFinding, type ToolOptions, type ToolReport } from './tool-report.ts';

/**
 * Rules that mean a real fault; of 264 correct programs one breaks one of them. Rules about Optional, argument and return
 * types are broken by correct programs too (22 of those 264) and stay warnings.
 */
const FAULTS = new Set([
  'reportUndefinedVariable',
  'reportAttributeAccessIssue',
  'reportCallIssue',
  'reportIndexIssue',
]);
/** Overload resolution guesses types that the program never uses; see the one of the 264. */
const GUESS = /^No overloads for "__/;

const CONFIGURATION = JSON.stringify({
  // The newest Python that pyright knows fully; nothing of the machine's own Python is looked at.
  pythonVersion: '3.13',
  typeCheckingMode: 'basic',
  reportMissingImports: 'none',
  reportMissingModuleSource: 'none',
});

interface PyrightOutput {
  readonly generalDiagnostics: readonly {
    readonly file: string;
    readonly severity: string;
    readonly message: string;
    readonly rule?: string;
    readonly range?: { readonly start: { readonly line: number } };
  }[];
}

/** Type-checks a Python program. */
export async function runPyright(program: Program, options: ToolOptions): Promise<ToolReport> {
  const startedAt = performance.now();
  const script = findPyright();
  if (script === undefined) return notRun('pyright', 'missing', 'the npm package pyright is not installed', startedAt);
  const files = program.files.filter(({ path }) => path !== 'pyrightconfig.json');
  return withProgramFolder([...files, { path: 'pyrightconfig.json', content: CONFIGURATION }], async (folder) => {
    const ending = await runTool(
      {
        command: process.execPath,
        arguments: [script, '--outputjson', '--project', folder],
        folder,
        // Without PATH it finds no Python and so no packages of this machine: equal programs get equal findings.
        environment: { PATH: '', HOME: folder },
      },
      options,
    );
    return reportOf(ending, folder, startedAt);
  });
}

function reportOf(ending: ToolEnding, folder: string, startedAt: number): ToolReport {
  if (ending.ended !== 'exited') return notRun('pyright', ending.ended, ending.message, startedAt);
  const output = parseOutput(ending.output);
  if (output === undefined) return notRun('pyright', 'failed', ending.errors || ending.output.slice(0, 500), startedAt);
  const findings = output.generalDiagnostics.map((diagnostic): ToolFinding => {
    const { rule = 'syntax', message, range } = diagnostic;
    const isFault = (FAULTS.has(rule) || diagnostic.rule === undefined) && !GUESS.test(message);
    return {
      severity: isFault && diagnostic.severity === 'error' ? 'error' : 'warning',
      file: relative(folder, diagnostic.file).replaceAll('\\', '/'),
      line: (range?.start.line ?? 0) + 1,
      rule,
      message,
    };
  });
  return { tool: 'pyright', ran: true, findings, durationMs: performance.now() - startedAt };
}

function parseOutput(text: string): PyrightOutput | undefined {
  try {
    const output = JSON.parse(text) as Partial<PyrightOutput>;
    return output.generalDiagnostics === undefined ? undefined : (output as PyrightOutput);
  } catch {
    return undefined;
  }
}
