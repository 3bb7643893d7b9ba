import { isRunnable, type Language } from '../domain/language.ts';
import { stripConsolePrompts } from './console-transcript.ts';
import { fileNameOf } from './fence-file-name.ts';
import type { FencedBlock } from './fences.ts';
import { languageByName, languageOfFile } from './file-language.ts';
import type { DeclaredSymbol } from './outline.ts';
import { listSymbols, parseSource } from './parse.ts';

/** A fenced block with everything that decides whether it belongs to the program. */
export interface CodeBlock {
  readonly content: string;
  readonly lead: string;
  readonly path: string | undefined;
  readonly unsafePath: string | undefined;
  /** As tagged or named; undefined when neither says. */
  readonly statedLanguage: Language | undefined;
  readonly parses: boolean;
  readonly symbols: readonly DeclaredSymbol[];
  readonly isTest: boolean;
}

/** Test code by what it imports, names and asserts. */
const TEST_CODE =
  /^\s*(?:import (?:pytest|unittest)|from (?:pytest|unittest)\b|def test_\w+|class Test\w+|(?:describe|it|test|Deno\.test)\(|import .* from ['"](?:vitest|node:test|@jest\/globals))/m;
const TEST_FILE = /(?:^|\/)(?:test_[^/]*|[^/]*_test|[^/]*\.(?:test|spec))\.[a-z]+$|(?:^|\/)(?:tests?|__tests__)\//i;

/** Reads what a fenced block is. */
export async function readCodeBlock(block: FencedBlock, language: Language): Promise<CodeBlock> {
  const { path, unsafe } = fileNameOf(block);
  const tag = /^\{?\.?([\w+#-]+)/.exec(block.info)?.[1] ?? '';
  const content = dedent(stripConsolePrompts(block.content));
  const symbols = isRunnable(language) ? (await listSymbols(language, content)).symbols : [];
  const tested = symbols.filter((symbol) => !/^(?:test|Test)/.test(symbol.name));
  return {
    content: `${content.replace(/^(?:[ \t]*\n)+/, '').trimEnd()}\n`,
    lead: block.lead,
    path,
    unsafePath: unsafe,
    statedLanguage: (path === undefined ? undefined : languageOfFile(path)) ?? languageByName(tag),
    parses: (await parseSource(language, content)).length === 0,
    symbols,
    isTest: (path !== undefined && TEST_FILE.test(path)) || (TEST_CODE.test(content) && tested.length === 0),
  };
}

function dedent(content: string): string {
  const filled = content.split('\n').filter((line) => line.trim() !== '');
  const shortest = Math.min(...filled.map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0));
  if (filled.length === 0 || shortest === 0) return content;
  return content
    .split('\n')
    .map((line) => line.slice(Math.min(shortest, line.length)))
    .join('\n');
}
