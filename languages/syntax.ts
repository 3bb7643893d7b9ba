import { createRequire } from 'node:module';
import { Language as Grammar, Parser, type TreeCursor } from 'web-tree-sitter';
import type { Language } from '../domain/language.ts';

/**
 * One node of a syntax tree as plain data: it outlives the parser's memory and needs no release.
 * Shape: `start` and `end` are offsets into the source string; `line` and `column` count from 1.
 */
export interface SyntaxNode {
  readonly type: string;
  /** False for punctuation and keywords. */
  readonly named: boolean;
  /** True when the parser invented the node to go on after an error. */
  readonly missing: boolean;
  readonly field: string | null;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly children: readonly SyntaxNode[];
  readonly parent: SyntaxNode | null;
}

/** A grammar of the parser package; `tsx` reads TypeScript with JSX. */
type GrammarName = Language | 'tsx';

const GRAMMAR_FILES: Readonly<Record<GrammarName, string>> = {
  python: 'python',
  typescript: 'typescript',
  tsx: 'tsx',
  javascript: 'javascript',
  go: 'go',
  rust: 'rust',
  java: 'java',
  cpp: 'cpp',
  bash: 'bash',
  csharp: 'c-sharp',
  php: 'php',
  ruby: 'ruby',
};

/** Sources above this are refused: no program of ours is so long, and a tree takes about 100 times its source in memory. */
export const MAX_SOURCE_LENGTH = 300_000;

/** A program is read in milliseconds; only nesting of many thousand levels takes longer, and nobody can run that. */
const MAX_PARSE_MS = 5_000;

const require = createRequire(import.meta.url);
const parsers = new Map<GrammarName, Promise<Parser>>();
let engine: Promise<void> | undefined;

async function createParser(name: GrammarName): Promise<Parser> {
  engine ??= Parser.init();
  await engine;
  const file = require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${GRAMMAR_FILES[name]}.wasm`);
  return new Parser().setLanguage(await Grammar.load(file));
}

function loadParser(name: GrammarName): Promise<Parser> {
  const known = parsers.get(name);
  if (known !== undefined) return known;
  const parser = createParser(name);
  parsers.set(name, parser);
  return parser;
}

/** Reads a source into a tree; always gives one, with ERROR nodes where the grammar is broken. */
export async function readSyntax(language: Language, source: string): Promise<SyntaxNode> {
  const tree = await readWithGrammar(language, source);
  if (language !== 'typescript' || !hasErrors(tree)) return tree;
  const withJsx = await readWithGrammar('tsx', source);
  return hasErrors(withJsx) ? tree : withJsx;
}

async function readWithGrammar(name: GrammarName, source: string): Promise<SyntaxNode> {
  const parser = await loadParser(name);
  const deadline = performance.now() + MAX_PARSE_MS;
  const tree = parser.parse(source.slice(0, MAX_SOURCE_LENGTH), null, {
    // The type says that nothing is returned; true stops the parser (see ProgressCallback).
    progressCallback: (): boolean => performance.now() > deadline,
  });
  if (tree === null) {
    parser.reset();
    return unreadable(source);
  }
  const cursor = tree.walk();
  try {
    return copyTree(cursor, source);
  } finally {
    cursor.delete();
    tree.delete();
  }
}

function unreadable(source: string): SyntaxNode {
  const place = { start: 0, end: source.length, line: 1, column: 1, text: source, children: [], parent: null };
  return { ...place, type: 'ERROR', named: true, missing: false, field: null };
}

type Growing = SyntaxNode & { readonly children: SyntaxNode[] };

function copyNode(cursor: TreeCursor, source: string, parent: Growing | null): Growing {
  const { row, column } = cursor.startPosition;
  const start = cursor.startIndex;
  const end = cursor.endIndex;
  const text = source.slice(start, end);
  const { nodeType: type, nodeIsNamed: named, nodeIsMissing: missing, currentFieldName: field } = cursor;
  return { type, named, missing, field, start, end, line: row + 1, column: column + 1, text, children: [], parent };
}

/** Without recursion: generated code can nest deeper than the call stack. */
function copyTree(cursor: TreeCursor, source: string): SyntaxNode {
  const root = copyNode(cursor, source, null);
  let current: Growing = root;
  if (!cursor.gotoFirstChild()) return root;
  for (;;) {
    const node = copyNode(cursor, source, current);
    current.children.push(node);
    if (cursor.gotoFirstChild()) {
      current = node;
      continue;
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) return root;
      if (current === root) return root;
      current = current.parent as Growing;
    }
  }
}

/** The node and everything below it, in source order. */
export function* walkSyntax(node: SyntaxNode): Generator<SyntaxNode> {
  const waiting = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    for (let index = next.children.length - 1; index >= 0; index -= 1) waiting.push(next.children[index] as SyntaxNode);
  }
}

/** True when the tree has a place that breaks the grammar. */
export function hasErrors(node: SyntaxNode): boolean {
  for (const each of walkSyntax(node)) if (each.type === 'ERROR' || each.missing) return true;
  return false;
}

/** Children that are neither punctuation nor comments. */
export function namedChildren(node: SyntaxNode): readonly SyntaxNode[] {
  return node.children.filter((child) => child.named && child.type !== 'comment');
}

/** The first child in the given field of the grammar. */
export function childInField(node: SyntaxNode, field: string): SyntaxNode | undefined {
  return node.children.find((child) => child.field === field);
}

/** The first child of one of the given types. */
export function childOfType(node: SyntaxNode, ...types: readonly string[]): SyntaxNode | undefined {
  return node.children.find((child) => types.includes(child.type));
}
