import type { Program } from '../domain/program.ts';
import type { SourceFile } from '../domain/request.ts';
import { chooseContent, isInLanguage } from './choose-block.ts';
import type { CodeBlock } from './code-block.ts';
import type { ExtractionRequest } from './extraction-request.ts';
import { languageOfFile } from './file-language.ts';

/** Files that tell how to use a program and are no part of it. */
const NOT_PROGRAM = /\.(?:md|markdown|rst|sh|bash|ps1|bat|log|diff|patch)$/i;
const MAIN_NAME = /(?:^|\/)(?:__main__|main|index|app|cli|mod)\.[a-z]+$/;

/** The program of an answer whose blocks name their files. Undefined when none does. */
export function collectFiles(
  blocks: readonly CodeBlock[],
  request: ExtractionRequest,
): { readonly program: Program; readonly notes: readonly string[] } | undefined {
  const expected = new Set([request.mainFile, ...(request.expectedFiles ?? [])]);
  const named = new Map<string, string>();
  const notes: string[] = [];
  for (const block of blocks) {
    const { path } = block;
    if (path === undefined || !belongs(block, path, expected, request)) continue;
    if (named.has(path)) notes.push(`${path} was given more than once; the last one counts`);
    named.set(path, block.content);
  }
  if (![...named.keys()].some((path) => languageOfFile(path) === request.language)) return undefined;
  addUnnamedMain(named, blocks, request);
  return { program: programOf(named, request, expected, notes), notes };
}

function belongs(block: CodeBlock, path: string, expected: ReadonlySet<string>, request: ExtractionRequest): boolean {
  if (expected.has(path)) return true;
  if (block.isTest || NOT_PROGRAM.test(path)) return false;
  return languageOfFile(path) !== request.language || isInLanguage(block, request.language);
}

/** The main program often comes without a name while its modules have one. */
function addUnnamedMain(named: Map<string, string>, blocks: readonly CodeBlock[], request: ExtractionRequest): void {
  if (named.has(request.mainFile) || [...named.keys()].some((path) => MAIN_NAME.test(path))) return;
  const unnamed = blocks.filter(({ path, symbols }) => path === undefined && symbols.length > 0);
  const main = chooseContent(unnamed, request.language);
  if (main !== undefined) named.set(request.mainFile, main.content);
}

function programOf(
  named: ReadonlyMap<string, string>,
  request: ExtractionRequest,
  expected: ReadonlySet<string>,
  notes: string[],
): Program {
  const { language, mainFile } = request;
  const files: readonly SourceFile[] = [...named].map(([path, content]) => ({ path, content }));
  if (named.has(mainFile)) return { language, mainFile, files };
  const code = files.filter(({ path }) => languageOfFile(path) === language);
  const [only] = code;
  if (only !== undefined && code.length === 1 && !expected.has(only.path)) {
    notes.push(`${only.path} was renamed to ${mainFile}`);
    const renamed = files.map((file) => (file === only ? { ...file, path: mainFile } : file));
    return { language, mainFile, files: renamed };
  }
  const main = code.find(({ path }) => MAIN_NAME.test(path)) ?? code.find((file) => !isImported(file, code)) ?? code[0];
  notes.push(`${mainFile} is missing; ${main?.path ?? mainFile} is taken as the main file`);
  return { language, mainFile: main?.path ?? mainFile, files };
}

function isImported(file: SourceFile, files: readonly SourceFile[]): boolean {
  const stem =
    file.path
      .replace(/\.[a-z]+$/, '')
      .split('/')
      .at(-1) ?? '';
  const mention = new RegExp(String.raw`(?:\bimport\b|\bfrom\b|require\().*\b${stem.replaceAll(/\W/g, '.')}\b`);
  return files.some((other) => other !== file && mention.test(other.content));
}
