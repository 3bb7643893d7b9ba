import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path/posix';
import { parseSync, Visitor, type Expression, type StringLiteral } from 'oxc-parser';

/** One import or re-export, as it is written. */
export interface ImportStatement {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  /** A file relative to the root, or a package or part of Node.js as it is written; null when it is computed at run time. */
  readonly target: string | null;
  readonly isOfHydra: boolean;
  /** True for `import type` and for a type in type position: nothing of it is left at run time. */
  readonly isType: boolean;
  readonly isDynamic: boolean;
}

/** No code of ours, or code that breaks rules on purpose. Folders that begin with a dot are left out, too. */
const LEFT_OUT = ['node_modules', 'tests/fixtures'];
const SOURCE_FILE = /\.(?:[cm]?ts|[cm]?js)$/;

/** Source files below the root, relative to it. */
export async function listSourceFiles(root: string, folder = ''): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.') || LEFT_OUT.includes(path)) return [];
      if (entry.isDirectory()) return listSourceFiles(root, path);
      return SOURCE_FILE.test(entry.name) ? [path] : [];
    }),
  );
  return found.flat().toSorted();
}

/** Every import of one file: static, dynamic, re-exporting, in type position, and by `require`. */
export async function readImports(root: string, file: string): Promise<readonly ImportStatement[]> {
  const { program, errors } = parseSync(file, await readFile(join(root, file), 'utf8'));
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
  const found: ImportStatement[] = [];
  const add = (source: Expression | StringLiteral | null, kind: 'type' | 'value', isDynamic: boolean): void => {
    if (source) found.push({ file, ...resolveTarget(file, source), isType: kind === 'type', isDynamic });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind ?? 'value', false),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind ?? 'value', false),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind ?? 'value', false),
    TSImportType: (node) => add(node.source, 'type', false),
    ImportExpression: (node) => add(node.source, 'value', true),
    CallExpression: ({ callee, arguments: [first] }) => {
      const isRequire = callee.type === 'Identifier' && callee.name === 'require';
      if (isRequire && first && first.type !== 'SpreadElement') add(first, 'value', true);
    },
  }).visit(program);
  return found;
}

function resolveTarget(file: string, source: Expression): Pick<ImportStatement, 'target' | 'isOfHydra'> {
  if (source.type !== 'Literal' || typeof source.value !== 'string') return { target: null, isOfHydra: false };
  const isOfHydra = source.value.startsWith('.');
  return { target: isOfHydra ? normalize(join(dirname(file), source.value)) : source.value, isOfHydra };
}
