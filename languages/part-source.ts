import type { PartId } from '../domain/ids.ts';
import type { ImportedName, MergeRules, MergeSource, MergeUnit } from './merge-unit.ts';
import type { NameOwner } from './merge-names.ts';

/** What one part, or the plan with its shared types, puts into one file. */
export interface PartSource {
  readonly owner: PartId | 'plan';
  readonly file: string;
  readonly provides: readonly string[];
  readonly foreign: ReadonlyMap<string, NameOwner>;
  /** True for the part whose main guard and top-level statements are kept. */
  readonly isMain: boolean;
  readonly source: MergeSource;
}

/** A part's contribution with its imports sorted out. */
export interface LinkedPart {
  readonly part: PartSource;
  readonly kept: readonly MergeUnit[];
  readonly imports: readonly ImportedName[];
  /** From the name in the part's own source to the name in the merged file. */
  readonly renames: ReadonlyMap<string, string>;
  /** Names of modules that became this very file: `geometry.area` there is `area` here. */
  readonly ownModules: ReadonlySet<string>;
}

/** What all parts of a program know of its files. */
export interface FileMap {
  readonly rules: MergeRules;
  /** Paths of all files of the merged program. */
  readonly files: ReadonlySet<string>;
  /** Folder in which the program is run. */
  readonly rootFolder: string;
}

/** Drops what others own and what only shows the part at work; resolves imports between the plan's files. */
export function linkSource(part: PartSource, map: FileMap): LinkedPart {
  const kept = keptUnits(part);
  const inside = (at: number): boolean => kept.some(({ start, end }) => at >= start && at < end);
  const used = new Set(part.source.references.filter(({ start }) => inside(start)).map(({ text }) => text));
  const text = kept.map(({ start, end }) => part.source.text.slice(start, end)).join('\n');
  const renames = new Map<string, string>();
  const ownModules = new Set<string>();
  const imports: ImportedName[] = [];
  for (const each of part.source.units.flatMap((unit) => unit.imports)) {
    const { file, name } = resolveImport(each, part, map);
    const isUsed = each.local === '' || mentions(text, each.local.split('.')[0] ?? each.local);
    if (file === undefined) {
      if (isUsed || each.module === '__future__') imports.push(each);
    } else if (file === part.file) {
      if (each.kind === 'module') ownModules.add(each.local);
      else if (each.local !== '' && each.local !== name) renames.set(each.local, name);
    } else if (isUsed && each.kind !== 'all' && each.kind !== 'effect') {
      imports.push(internalImport({ ...each, name }, file, part, map));
    }
  }
  return { part, kept, renames, ownModules, imports: [...imports, ...impliedImports(part, kept, used, imports, map)] };
}

function mentions(text: string, name: string): boolean {
  return new RegExp(String.raw`(?<![\w$])${name.replaceAll('$', String.raw`\$`)}(?![\w$])`).test(text);
}

function keptUnits(part: PartSource): readonly MergeUnit[] {
  const needed = neededNames(part);
  const isFirst = part.source.units[0];
  return part.source.units.filter((unit) => {
    if (unit.kind === 'entry' || unit.kind === 'effect') return part.isMain;
    if (unit.kind === 'header') return part.isMain && unit === isFirst;
    if (unit.kind === 'export') return unit.exports.some(([local, name]) => local !== name);
    if (unit.kind === 'import') return false;
    if (unit.names.every((name) => part.foreign.has(name))) return false;
    return part.isMain || !isPlainValue(unit) || unit.names.some((name) => needed.has(name));
  });
}

/** An assignment at the top level: a constant that the part needs, or a variable of a demonstration. */
function isPlainValue(unit: MergeUnit): boolean {
  const { type, text } = unit.node;
  return type === 'expression_statement' || (type.endsWith('declaration') && !/=>|\bfunction\b|\bclass\b/.test(text));
}

/** Names that functions, classes and provided values of the part reach. */
function neededNames(part: PartSource): ReadonlySet<string> {
  const definitions = part.source.units.filter(({ kind }) => kind === 'definition');
  const isRoot = (unit: MergeUnit): boolean =>
    !isPlainValue(unit) || unit.names.some((name) => part.provides.includes(name));
  const reached = new Set(definitions.filter(isRoot));
  const needed = new Set(part.provides);
  for (const unit of reached) {
    for (const { start, text } of part.source.references) if (start >= unit.start && start < unit.end) needed.add(text);
    for (const other of definitions) if (other.names.some((name) => needed.has(name))) reached.add(other);
  }
  return needed;
}

function resolveImport(
  each: ImportedName,
  part: PartSource,
  map: FileMap,
): { readonly file?: string; readonly name: string } {
  const owner = each.kind === 'name' ? part.foreign.get(each.name) : undefined;
  if (owner !== undefined) return { file: owner.file, name: each.name };
  const paths = map.rules.possibleFiles(part.file, each.module, map.rootFolder);
  const file = paths.find((path) => map.files.has(path));
  if (file === undefined) return { name: each.name };
  if (each.kind === 'name') {
    // `from package import module`
    const nested = map.rules
      .possibleFiles(part.file, `${each.module}.${each.name}`, map.rootFolder)
      .find((path) => map.files.has(path));
    return nested === undefined ? { file, name: each.name } : { name: each.name };
  }
  return { file, name: each.kind === 'default' ? defaultName(each.local, file, part) : each.name };
}

/** What a default import means: the name of the same spelling, or the only one that its file provides. */
function defaultName(local: string, file: string, part: PartSource): string {
  const provided = [...part.foreign].filter(([, owner]) => owner.file === file).map(([name]) => name);
  return provided.includes(local) || provided.length !== 1 ? local : (provided[0] ?? local);
}

function internalImport(each: ImportedName, file: string, part: PartSource, map: FileMap): ImportedName {
  const module = map.rules.moduleName(part.file, file, map.rootFolder);
  if (each.kind === 'module') return { ...each, module, name: module };
  const typeOnly = each.typeOnly || part.foreign.get(each.name)?.typeOnly === true;
  return { module, kind: 'name', name: each.name, local: each.local, typeOnly };
}

/** Names of other files that the part uses without importing them, because its prompt showed them as given. */
function impliedImports(
  part: PartSource,
  kept: readonly MergeUnit[],
  used: ReadonlySet<string>,
  imports: readonly ImportedName[],
  map: FileMap,
): readonly ImportedName[] {
  const bound = new Set([...kept.flatMap(({ names }) => names), ...imports.map(({ local }) => local)]);
  const free = [...used].filter((name) => !bound.has(name));
  return free.flatMap((name): readonly ImportedName[] => {
    const owner = part.foreign.get(name);
    const wellKnown = part.owner === 'plan' ? map.rules.wellKnownImports[name] : undefined;
    if (owner === undefined) {
      return wellKnown === undefined ? [] : [{ module: wellKnown, kind: 'name', name, local: name, typeOnly: false }];
    }
    if (owner.file === part.file) return [];
    const module = map.rules.moduleName(part.file, owner.file, map.rootFolder);
    return [{ module, kind: 'name', name, local: name, typeOnly: owner.typeOnly }];
  });
}
