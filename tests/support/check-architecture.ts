import { isBuiltin } from 'node:module';
import { basename } from 'node:path/posix';
import { findCycle } from './find-cycle.ts';
import { BEFORE_INSTALL, IMPORT_TABLE, PACKAGE_OWNERS, PURE } from './import-table.ts';
import { listSourceFiles, readImports, type ImportStatement } from './read-imports.ts';

/** Everything below the root that breaks a rule of the import table, one line each. */
export async function checkArchitecture(root: string): Promise<readonly string[]> {
  const files = await listSourceFiles(root);
  const imports = (await Promise.all(files.map((file) => readImports(root, file)))).flat();
  return [...files.flatMap(checkFile), ...imports.flatMap(checkImport), ...checkCycles(imports)];
}

function checkFile(file: string): readonly string[] {
  const problems = ownerOf(file) === undefined ? [`${file}: no row of the import table owns it`] : [];
  return basename(file).startsWith('index.') ? [...problems, `${file}: name the file after what it holds`] : problems;
}

function checkImport(statement: ImportStatement): readonly string[] {
  const owner = ownerOf(statement.file);
  if (owner === undefined || IMPORT_TABLE[owner]?.includes('*')) return [];
  const { target } = statement;
  // What is computed at run time cannot be known here.
  if (target === null) return [];
  const isAllowed = statement.isOfHydra
    ? isAllowedFile(owner, target, statement.isType)
    : isAllowedOutside(owner, statement, target);
  const verb = statement.isType ? 'imports types of' : 'imports';
  return isAllowed ? [] : [`${statement.file}: ${owner} never ${verb} ${target}`];
}

function isAllowedFile(owner: string, target: string, isType: boolean): boolean {
  const targetOwner = ownerOf(target);
  if (targetOwner === owner) return true;
  const rules = IMPORT_TABLE[owner] ?? [];
  const names = targetOwner === undefined ? [] : [targetOwner, target];
  return names.some((name) => rules.includes(name) || (isType && rules.includes(`type ${name}`)));
}

function isAllowedOutside(owner: string, { isDynamic }: ImportStatement, target: string): boolean {
  if (owner === BEFORE_INSTALL) return isDynamic || target.startsWith('node:');
  if (isBuiltin(target)) return target.startsWith('node:') && !PURE.includes(owner);
  const owners = PACKAGE_OWNERS[packageOf(target)];
  return owners === undefined ? !PURE.includes(owner) : owners.includes(owner);
}

/** `@scope/name/deep/file.js` is of the package `@scope/name`. */
function packageOf(target: string): string {
  return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
}

/** The row with the longest path that the file lies below. */
function ownerOf(file: string): string | undefined {
  const rows = Object.keys(IMPORT_TABLE).filter((row) => file === row || file.startsWith(`${row}/`));
  return rows.toSorted((left, right) => right.length - left.length)[0];
}

/** Types count in both graphs: what cannot be read without each other cannot be understood alone. */
function checkCycles(imports: readonly ImportStatement[]): readonly string[] {
  const ofHydra = imports.filter((statement) => statement.isOfHydra);
  const files = ofHydra.map(({ file, target }) => [file, target ?? ''] as const);
  const rows = files.map(([from, to]) => [ownerOf(from) ?? from, ownerOf(to) ?? to] as const);
  return [
    describeCycle('files', files),
    describeCycle(
      'folders',
      rows.filter(([from, to]) => from !== to),
    ),
  ].flat();
}

function describeCycle(kind: string, pairs: readonly (readonly [string, string])[]): readonly string[] {
  const edges = new Map<string, Set<string>>();
  for (const [from, to] of pairs) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  const cycle = findCycle(edges);
  return cycle ? [`cycle of ${kind}: ${cycle.join(' → ')}`] : [];
}
