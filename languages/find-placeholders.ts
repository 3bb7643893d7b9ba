import { isRunnable } from '../domain/language.ts';
import type { Program } from '../domain/program.ts';
import type { SourceFile } from '../domain/request.ts';
import { findElisionComments } from './elision-comments.ts';
import type { Gap } from './gap.ts';
import { languageOfFile } from './file-language.ts';
import { rulesFor } from './rules-for.ts';
import { readSyntax } from './syntax.ts';

/** A place where code was left out. Lines count from 1. */
export interface Placeholder {
  readonly file: string;
  readonly line: number;
  readonly excerpt: string;
  /** For people and for repair, such as `the body of "area" is only "pass"`. */
  readonly reason: string;
}

/** Enough of the line to find it. */
const EXCERPT_LENGTH = 80;

/** Places of the program where the model left code out instead of writing it. */
export async function findPlaceholders(program: Program): Promise<readonly Placeholder[]> {
  const perFile = await Promise.all(program.files.map((file) => placeholdersOf(program, file)));
  return perFile.flat();
}

async function placeholdersOf(program: Program, file: SourceFile): Promise<readonly Placeholder[]> {
  const language = languageOfFile(file.path) ?? (file.path === program.mainFile ? program.language : undefined);
  if (language === undefined) return [];
  const root = await readSyntax(language, file.content);
  const comments = findElisionComments(root).map((node) => ({ node, reason: 'a comment stands where code belongs' }));
  const gaps: readonly Gap[] = isRunnable(language) ? rulesFor(language).gaps(root) : [];
  return [...gaps, ...comments]
    .map(({ node, reason }) => ({ file: file.path, line: node.line, excerpt: excerptOf(node.text), reason }))
    .sort((a, b) => a.line - b.line);
}

function excerptOf(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, EXCERPT_LENGTH);
}
