import type { RunnableLanguage } from '../domain/language.ts';
import { builtinModules } from 'node:module';
import type { Program } from '../domain/program.ts';
import type { SourceFile } from '../domain/request.ts';
import { languageOfFile } from './file-language.ts';
import { listSymbols } from './parse.ts';
import { withProgramFolder } from './program-folder.ts';
import { runTool, type ToolEnding } from './run-tool.ts';
import { findDenoBinary } from '../sandbox/deno/deno-binary.ts';
import { notRun, type ToolFinding, type ToolOptions, type ToolReport } from './tool-report.ts';

type RunnableProgram = Program & { readonly language: RunnableLanguage };

/** Strictness that a working program may lack: implicit any (TS7…), possibly null or undefined, unassigned fields. */
const STRICTNESS = /^TS(?:7\d{3}|253[123]|1804[6789]|2564)$/;
/** Mismatches, which are strictness as well where null or undefined makes them. */
const MISMATCH = /^TS(?:2322|2345|2769)$/;
/** In JavaScript types are inferred, not meant: only names that do not exist are faults. */
const JAVASCRIPT_FAULT = /^TS(?:2304|2552|2305|2307|2724)$/;
const STUB_FOLDER = 'hydra-unknown-modules';
const FINDING = /^(TS\d+) \[(?:ERROR|WARN\w*)\]: ([\s\S]*?)\n\s+at file:\/\/(\S+?):(\d+):\d+$/gm;

/** A file that does not parse ends the check; it is then the only finding. */
const SYNTAX_ERROR = /error: (?:SyntaxError: )?([^\n]*)\n[\s\S]*?at file:\/\/(\S+?):(\d+):\d+/;

/** Type-checks a TypeScript or JavaScript program with the checker inside Deno. */
export async function runDenoCheck(program: RunnableProgram, options: ToolOptions): Promise<ToolReport> {
  const startedAt = performance.now();
  const deno = findDenoBinary()?.path;
  if (deno === undefined) return notRun('deno', 'missing', 'the npm package deno has no binary here', startedAt);
  const sources = program.files.filter(({ path }) => isSource(path));
  const support = await supportFiles(program, sources);
  const kept = program.files.filter(({ path }) => !/(?:^|\/)(?:deno\.jsonc?|package\.json|tsconfig\.json)$/.test(path));
  return withProgramFolder([...kept, ...support], async (folder) => {
    const ending = await runTool(
      {
        command: deno,
        arguments: [
          'check',
          '--quiet',
          '--no-remote',
          '--no-npm',
          '--no-lock',
          ...sources.map(({ path }) => `./${path}`),
        ],
        folder,
        environment: {
          HOME: folder,
          DENO_DIR: `${folder}/.deno`,
          NO_COLOR: '1',
          DENO_NO_UPDATE_CHECK: '1',
          DENO_NO_PACKAGE_JSON: '1',
        },
      },
      options,
    );
    return reportOf(ending, program.language, folder, startedAt);
  });
}

function isSource(path: string): boolean {
  const language = languageOfFile(path);
  return language === 'typescript' || language === 'javascript';
}

/** Configuration, and for each module that is not here a stand-in whose exports can be anything. */
async function supportFiles(program: RunnableProgram, sources: readonly SourceFile[]): Promise<readonly SourceFile[]> {
  const modules = await unknownModules(program.language, sources);
  const stubs = [...modules].map(([module, names], index) => ({
    module,
    file: { path: `${STUB_FOLDER}/m${index}.d.ts`, content: stubOf(names) },
  }));
  const imports = Object.fromEntries([
    ...builtinModules.filter((name) => !name.startsWith('_')).map((name) => [name, `node:${name}`]),
    ...stubs.map(({ module, file }) => [module, `./${file.path}`]),
  ]) as Readonly<Record<string, string>>;
  const isJavascript = program.language === 'javascript';
  const configuration = {
    imports,
    compilerOptions: { strict: !isJavascript, checkJs: isJavascript, lib: ['deno.window', 'dom', 'dom.iterable'] },
    unstable: ['sloppy-imports'],
  };
  return [{ path: 'deno.json', content: JSON.stringify(configuration) }, ...stubs.map(({ file }) => file)];
}

async function unknownModules(
  language: RunnableLanguage,
  sources: readonly SourceFile[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const outlines = await Promise.all(sources.map(({ content }) => listSymbols(language, content)));
  const modules = new Map<string, Set<string>>();
  for (const { module, importedNames = [] } of outlines.flatMap(({ imports }) => imports)) {
    if (/^(?:\.|\/|node:)/.test(module) || builtinModules.includes(module)) continue;
    const names = modules.get(module) ?? new Set<string>();
    for (const name of importedNames) names.add(name);
    modules.set(module, names);
  }
  return modules;
}

function stubOf(names: ReadonlySet<string>): string {
  const lines = [...names]
    .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default')
    .map((name) => `export const ${name}: any; export type ${name} = any;`);
  return ['declare const anything: any;', 'export default anything;', ...lines].join('\n');
}

function reportOf(ending: ToolEnding, language: RunnableLanguage, folder: string, startedAt: number): ToolReport {
  if (ending.ended !== 'exited') return notRun('deno', ending.ended, ending.message, startedAt);
  const findings = [...ending.errors.matchAll(FINDING)].map(
    ([, rule = '', message = '', path = '', line]): ToolFinding => ({
      severity: isFault(rule, message, language) ? 'error' : 'warning',
      file: decodeURI(path).replace(`${folder}/`, ''),
      line: Number(line),
      rule,
      message: message
        .split('\n')
        .filter((each) => !/^\s*[~^]+\s*$/.test(each))
        .join('\n')
        .trim(),
    }),
  );
  const syntax = SYNTAX_ERROR.exec(ending.errors);
  if (syntax !== null && findings.length === 0) {
    const [, message = '', path = '', line] = syntax;
    const file = decodeURI(path).replace(`${folder}/`, '');
    const finding: ToolFinding = { severity: 'error', file, line: Number(line), rule: 'syntax', message };
    return { tool: 'deno', ran: true, findings: [finding], durationMs: performance.now() - startedAt };
  }
  if (ending.exitCode !== 0 && findings.length === 0) {
    return notRun('deno', 'failed', ending.errors.replaceAll(folder, '').slice(0, 500), startedAt);
  }
  return { tool: 'deno', ran: true, findings, durationMs: performance.now() - startedAt };
}

function isFault(rule: string, message: string, language: RunnableLanguage): boolean {
  if (message.includes(STUB_FOLDER)) return false;
  if (language === 'javascript') return JAVASCRIPT_FAULT.test(rule);
  return !STRICTNESS.test(rule) && !(MISMATCH.test(rule) && /\b(?:undefined|null)\b/.test(message));
}
