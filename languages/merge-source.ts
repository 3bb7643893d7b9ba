import type { RunnableLanguage } from '../domain/language.ts';
import type { MergeRules, MergeSource, MergeUnit } from './merge-unit.ts';
import { findModuleReferences } from './module-references.ts';
import { readSyntax, type SyntaxNode } from './syntax.ts';
import { pythonMerge } from './python-merge.ts';
import { typescriptMerge } from './typescript-merge.ts';

/** A comment that only names the file it stands in. */
const FILE_NAME_COMMENT = /^(?:#!?|\/\/|\/\*+)\s*(?:file(?:name)?:?\s*)?[\w@./-]+\.\w{1,4}\s*(?:\*\/)?$/i;

/** The rules by which files of a language are merged. */
export function mergeRulesFor(language: RunnableLanguage): MergeRules {
  return language === 'python' ? pythonMerge : typescriptMerge;
}

/** Cuts a source into top-level statements, each with the comments above it and behind it. */
export async function readMergeSource(language: RunnableLanguage, text: string): Promise<MergeSource> {
  const rules = mergeRulesFor(language);
  const root = await readSyntax(language, text);
  const units: MergeUnit[] = [];
  let start: number | undefined;
  for (const node of root.children) {
    const last = units.at(-1);
    if (node.type === 'comment' && isBehind(last, node, text))
      units[units.length - 1] = { ...(last as MergeUnit), end: node.end };
    else if (node.type === 'comment' && FILE_NAME_COMMENT.test(node.text)) start = undefined;
    else if (node.type === 'comment') start ??= node.start;
    else if (node.named && node.type !== 'hash_bang_line' && node.type !== 'empty_statement') {
      units.push({ ...rules.classify(node), node, start: start ?? node.start, end: node.end });
      start = undefined;
    } else if (last !== undefined && node.type === ';') units[units.length - 1] = { ...last, end: node.end };
  }
  return { text, units, references: findModuleReferences(root) };
}

function isBehind(unit: MergeUnit | undefined, comment: SyntaxNode, text: string): boolean {
  return unit !== undefined && !text.slice(unit.end, comment.start).includes('\n');
}
