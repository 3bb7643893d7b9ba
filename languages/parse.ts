import type { Language, RunnableLanguage } from '../domain/language.ts';
import { rulesFor } from './rules-for.ts';
import type { Outline } from './outline.ts';
import { runRuff } from './ruff.ts';
import { MAX_SOURCE_LENGTH, readSyntax, walkSyntax, type SyntaxNode } from './syntax.ts';

/** A place where the source breaks the grammar. Line and column count from 1. */
export interface SyntaxProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** More say nothing new: after the first error a parser guesses. */
const MAX_PROBLEMS = 5;
/** Enough of the offending text to find it. */
const EXCERPT_LENGTH = 40;

/** Where `source` breaks the grammar of `language`; empty when it parses. At most five problems, the first is the best. */
export async function parseSource(language: Language, source: string): Promise<readonly SyntaxProblem[]> {
  if (source.length > MAX_SOURCE_LENGTH) {
    return [{ line: 1, column: 1, message: `the file is longer than ${MAX_SOURCE_LENGTH} characters` }];
  }
  const problems = language === 'python' ? parsePython(source) : problemsOf(await readSyntax(language, source));
  return problems.slice(0, MAX_PROBLEMS);
}

/** Ruff's parser follows CPython and says what it expected, where tree-sitter only recovers. */
function parsePython(source: string): readonly SyntaxProblem[] {
  return runRuff(source)
    .filter(({ code }) => code === null || code === 'invalid-syntax')
    .map(({ start_location: { row, column }, message }) => ({ line: row, column, message }));
}

function problemsOf(root: SyntaxNode): readonly SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  for (const node of walkSyntax(root)) {
    if (node.missing) problems.push({ line: node.line, column: node.column, message: `missing ${quote(node.type)}` });
    if (node.type !== 'ERROR') continue;
    problems.push({ line: node.line, column: node.column, message: `unexpected ${quote(firstLine(node.text))}` });
  }
  return problems;
}

function firstLine(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH)}…` : line;
}

function quote(text: string): string {
  return `"${text}"`;
}

/** What `source` declares, imports and does on load. Parts that do not parse are left out. */
export async function listSymbols(language: RunnableLanguage, source: string): Promise<Outline> {
  return rulesFor(language).outline(await readSyntax(language, source));
}
