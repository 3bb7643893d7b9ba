import { dirname, posix } from 'node:path';
import { languageOfFile } from './file-language.ts';
import type { ImportedName, MergeRules, MergeUnit } from './merge-unit.ts';
import { childInField, childOfType, namedChildren, type SyntaxNode } from './syntax.ts';
import { hasEffect, outlineTypescript, unquote } from './typescript-outline.ts';

type Classified = Omit<MergeUnit, 'node' | 'start' | 'end'>;

const NOTHING = { names: [], imports: [], exports: [] } as const;
const REQUIRE = /^(?:const|let|var)\s+(?:(\w+)|\{([^}]*)\})\s*=\s*require\(\s*(['"])([^'"]+)\3\s*\);?$/;

function classify(statement: SyntaxNode): Classified {
  if (statement.type === 'import_statement') return { ...NOTHING, kind: 'import', imports: importedNames(statement) };
  const required = REQUIRE.exec(statement.text);
  if (required !== null) return { ...NOTHING, kind: 'import', imports: requiredNames(required) };
  const clause = exportedNames(statement);
  if (clause !== undefined) return { ...NOTHING, kind: 'export', exports: clause };
  const outline = outlineTypescript({ ...statement, type: 'program', children: [statement] });
  const names = outline.symbols.map((symbol) => symbol.name).filter((name) => name !== 'default');
  if (names.length > 0) return { ...NOTHING, kind: 'definition', names };
  return { ...NOTHING, kind: hasEffect(statement) ? 'effect' : 'header' };
}

/** `export { a as b }`, `export default a` and their CommonJS likes; undefined for other statements. */
function exportedNames(statement: SyntaxNode): readonly (readonly [string, string])[] | undefined {
  if (/^(?:module\.)?exports\b/.test(statement.text) && statement.type === 'expression_statement') return [];
  if (statement.type !== 'export_statement' || childInField(statement, 'source') !== undefined) return undefined;
  const clause = childOfType(statement, 'export_clause');
  if (clause === undefined) return childInField(statement, 'value')?.type === 'identifier' ? [] : undefined;
  return namedChildren(clause).map((specifier) => {
    const local = childInField(specifier, 'name')?.text ?? specifier.text;
    return [local, childInField(specifier, 'alias')?.text ?? local] as const;
  });
}

function importedNames(statement: SyntaxNode): readonly ImportedName[] {
  const module = unquote(childInField(statement, 'source')?.text ?? '');
  const clause = childOfType(statement, 'import_clause');
  const typeOnly = statement.children.some((child) => child.type === 'type');
  if (clause === undefined) return [{ module, kind: 'effect', name: '', local: '', typeOnly: false }];
  return namedChildren(clause).flatMap((node): readonly ImportedName[] => {
    if (node.type === 'identifier') return [{ module, kind: 'default', name: 'default', local: node.text, typeOnly }];
    if (node.type === 'namespace_import') {
      return [{ module, kind: 'module', name: module, local: namedChildren(node)[0]?.text ?? '', typeOnly }];
    }
    return namedChildren(node).map((specifier) => {
      const name = childInField(specifier, 'name')?.text ?? specifier.text;
      const isType = typeOnly || specifier.children.some((child) => child.type === 'type');
      return { module, kind: 'name', name, local: childInField(specifier, 'alias')?.text ?? name, typeOnly: isType };
    });
  });
}

/** Modules that load each other by `require` become modules that import. */
function requiredNames(match: RegExpExecArray): readonly ImportedName[] {
  const [, whole, names, , module = ''] = match;
  if (whole !== undefined) return [{ module, kind: 'default', name: 'default', local: whole, typeOnly: false }];
  const pairs = (names ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return pairs.map((pair) => {
    const [name = pair, local = name] = pair.split(/\s*:\s*/);
    return { module, kind: 'name', name, local, typeOnly: false };
  });
}

function renderImports(imports: readonly ImportedName[]): string {
  const modules = [...new Set(imports.map(({ module }) => module))].toSorted((a, b) => {
    const own = Number(a.startsWith('.')) - Number(b.startsWith('.'));
    return own === 0 ? (a < b ? -1 : 1) : own;
  });
  return modules
    .flatMap((module) =>
      renderModule(
        module,
        imports.filter((each) => each.module === module),
      ),
    )
    .join('\n');
}

function renderModule(module: string, imports: readonly ImportedName[]): readonly string[] {
  const whole = imports.filter(({ kind }) => kind === 'default' || kind === 'module');
  const lines = whole.map(({ kind, local, typeOnly }) => {
    return `import ${typeOnly ? 'type ' : ''}${kind === 'module' ? '* as ' : ''}${local} from '${module}';`;
  });
  const values = new Set(imports.filter(({ typeOnly }) => !typeOnly).map(({ local }) => local));
  const named = imports
    .filter(({ kind, typeOnly, local }) => kind === 'name' && (!typeOnly || !values.has(local)))
    .map(({ name, local, typeOnly }) => `${typeOnly ? 'type ' : ''}${name === local ? name : `${name} as ${local}`}`);
  if (named.length > 0) lines.push(`import { ${[...new Set(named)].toSorted().join(', ')} } from '${module}';`);
  return lines.length === 0 ? [`import '${module}';`] : [...new Set(lines)];
}

function moduleName(fromFile: string, toFile: string): string {
  const path = posix.relative(dirname(fromFile), toFile);
  return path.startsWith('.') ? path : `./${path}`;
}

function possibleFiles(fromFile: string, module: string): readonly string[] {
  const folders = module.startsWith('.') ? [dirname(fromFile)] : ['.', 'src'];
  const extensions = languageOfFile(fromFile) === 'javascript' ? ['.js', '.mjs', '.jsx'] : ['.ts', '.tsx', '.mts'];
  return folders.flatMap((folder) => {
    const path = posix.join(folder, module);
    const stem = path.replace(/\.[mc]?[jt]sx?$/, '');
    return [path, ...extensions.flatMap((extension) => [`${stem}${extension}`, `${stem}/index${extension}`])];
  });
}

/** A default export becomes a named one: a file that several parts share can have no default. */
function declared(own: string, node: SyntaxNode, isPublic: boolean): string {
  if (node.type !== 'export_statement') return isPublic ? `export ${own}` : own;
  return own.replace(
    /^export\s+default\s+(?=(?:async\s+|abstract\s+)?(?:function|class)\b)/,
    isPublic ? 'export ' : '',
  );
}

/** How TypeScript and JavaScript files are merged. */
export const typescriptMerge: MergeRules = {
  classify,
  renderImports,
  moduleName,
  possibleFiles,
  declared,
  exportAlias: (local, name) => `export { ${local} as ${name} };`,
  wellKnownImports: {},
};
