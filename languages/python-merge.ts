import { dirname, posix } from 'node:path';
import type { ImportedName, MergeRules, MergeUnit } from './merge-unit.ts';
import { assignedNames, definitionOf, isMainGuard, outlinePython } from './python-outline.ts';
import { childInField, childOfType, namedChildren, type SyntaxNode } from './syntax.ts';

type Classified = Omit<MergeUnit, 'node' | 'start' | 'end'>;

const NOTHING = { names: [], imports: [], exports: [] } as const;
const BLOCKS = new Set(['if_statement', 'try_statement', 'with_statement']);
const IMPORTS = new Set(['import_statement', 'import_from_statement', 'future_import_statement']);

function classify(statement: SyntaxNode): Classified {
  if (IMPORTS.has(statement.type)) return { ...NOTHING, kind: 'import', imports: importedNames(statement) };
  if (isMainGuard(statement)) return { ...NOTHING, kind: 'entry' };
  const definition = definitionOf(statement);
  if (definition !== undefined) return define([childInField(definition, 'name')?.text ?? '']);
  if (BLOCKS.has(statement.type)) return classifyBlock(statement);
  const names = assignedNames(statement);
  // A list of public names speaks of the file before it was merged.
  if (names.includes('__all__')) return { ...NOTHING, kind: 'export' };
  if (names.length > 0) return define(names);
  const isText = statement.type === 'expression_statement' && childOfType(statement, 'string') !== undefined;
  return { ...NOTHING, kind: isText ? 'header' : 'effect' };
}

function define(names: readonly string[]): Classified {
  return { ...NOTHING, kind: 'definition', names };
}

/** `try: import x` and `if TYPE_CHECKING:` bind names; other blocks at the top level are demonstrations. */
function classifyBlock(statement: SyntaxNode): Classified {
  const { symbols, imports } = outlinePython({ ...statement, type: 'module', children: [statement] });
  const names = [...symbols.map((symbol) => symbol.name), ...imports.flatMap((each) => each.names)];
  return names.length > 0 ? define(names) : { ...NOTHING, kind: 'effect' };
}

function importedNames(statement: SyntaxNode): readonly ImportedName[] {
  if (statement.type === 'import_statement') {
    return namedChildren(statement).map((node) => {
      const module = (childInField(node, 'name') ?? node).text;
      const local = childInField(node, 'alias')?.text ?? module;
      return { module, kind: 'module', name: module, local, typeOnly: false };
    });
  }
  const module = childInField(statement, 'module_name')?.text ?? '__future__';
  if (childOfType(statement, 'wildcard_import') !== undefined) {
    return [{ module, kind: 'all', name: '*', local: '', typeOnly: false }];
  }
  return statement.children
    .filter((child) => child.field === 'name')
    .map((node) => {
      const name = (childInField(node, 'name') ?? node).text;
      return { module, kind: 'name', name, local: childInField(node, 'alias')?.text ?? name, typeOnly: false };
    });
}

function renderImports(imports: readonly ImportedName[]): string {
  const future = imports.filter(({ module }) => module === '__future__');
  const others = imports.filter(({ module }) => module !== '__future__');
  const modules = others
    .filter(({ kind }) => kind === 'module')
    .map(({ name, local }) => (name === local ? `import ${name}` : `import ${name} as ${local}`));
  const stars = others.filter(({ kind }) => kind === 'all').map(({ module }) => `from ${module} import *`);
  const lines = [...new Set([...modules, ...stars])].toSorted();
  return [...renderFrom(future), ...lines, ...renderFrom(others)].join('\n');
}

function renderFrom(imports: readonly ImportedName[]): readonly string[] {
  const byModule = new Map<string, Set<string>>();
  for (const { module, kind, name, local } of imports) {
    if (kind !== 'name') continue;
    const names = byModule.get(module) ?? new Set<string>();
    byModule.set(module, names.add(name === local ? name : `${name} as ${local}`));
  }
  return [...byModule]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([module, names]) => `from ${module} import ${[...names].toSorted().join(', ')}`);
}

/** Modules are found from the folder of the program's main file, which is where Python looks first. */
function moduleName(_: string, toFile: string, rootFolder: string): string {
  const inRoot = rootFolder !== '.' && toFile.startsWith(`${rootFolder}/`);
  const path = inRoot ? toFile.slice(rootFolder.length + 1) : toFile;
  return path
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
}

function possibleFiles(fromFile: string, module: string, rootFolder: string): readonly string[] {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const path = module.slice(dots).replaceAll('.', '/');
  const ups = Array.from({ length: Math.max(0, dots - 1) }, () => '..');
  const folders = dots > 0 ? [posix.join(dirname(fromFile), ...ups)] : [rootFolder, '.', dirname(fromFile)];
  return folders.flatMap((folder) => [posix.join(folder, `${path}.py`), posix.join(folder, path, '__init__.py')]);
}

/** Names of the standard library that declarations in plans use as if they were built in. */
const WELL_KNOWN: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    typing:
      'Any Callable ClassVar Dict FrozenSet Generic Iterable Iterator List Literal Mapping NamedTuple NewType Optional Protocol Sequence Set Tuple Type TypedDict TypeVar Union',
    dataclasses: 'dataclass field',
    enum: 'Enum IntEnum StrEnum auto',
    abc: 'ABC abstractmethod',
    datetime: 'date datetime time timedelta',
    decimal: 'Decimal',
    fractions: 'Fraction',
    pathlib: 'Path',
    collections: 'Counter OrderedDict defaultdict deque namedtuple',
    uuid: 'UUID',
  }).flatMap(([module, names]) => names.split(' ').map((name) => [name, module])),
) as Readonly<Record<string, string>>;

/** How Python files are merged. */
export const pythonMerge: MergeRules = {
  classify,
  renderImports,
  moduleName,
  possibleFiles,
  declared: (own) => own,
  exportAlias: (local, name) => `${name} = ${local}`,
  wellKnownImports: WELL_KNOWN,
};
