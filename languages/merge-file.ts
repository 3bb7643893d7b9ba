import type { SyntaxNode } from './syntax.ts';
import type { ImportedName, MergeRules, MergeUnit } from './merge-unit.ts';
import type { LinkedPart, PartSource } from './part-source.ts';
import type { SymbolProvenance } from './merge-outcome.ts';

/** One merged file. */
export interface MergedFile {
  readonly path: string;
  readonly content: string;
  readonly imports: readonly ImportedName[];
  readonly provenance: readonly SymbolProvenance[];
}

/** Joins the contributions to one file, in the order given: what is used stands before its users. */
export function mergeFile(path: string, parts: readonly LinkedPart[], rules: MergeRules): MergedFile {
  const taken = new Map<string, Taken>();
  for (const { part } of parts)
    for (const name of part.provides) taken.set(name, { owner: part.owner, text: undefined });
  const importTaken = new Map<string, string>();
  const settled = parts.map((each) => settleNames(each, taken, importTaken));
  const imports = settled.flatMap((each) => each.imports);
  const headers = settled.flatMap((each) => textsOf(each, (unit) => unit.kind === 'header', rules));
  const bodies = settled.flatMap((each) => textsOf(each, (unit) => unit.kind !== 'header', rules));
  const sections = [...headers, rules.renderImports(imports), ...bodies].filter((text) => text !== '');
  const provenance = settled.flatMap((each) =>
    each.kept.flatMap(({ names }) =>
      names.map((name) => ({ file: path, symbol: each.renames.get(name) ?? name, part: each.part.owner })),
    ),
  );
  return { path, content: `${sections.join('\n\n\n')}\n`, imports, provenance };
}

interface Taken {
  readonly owner: PartSource['owner'];
  readonly text: string | undefined;
}

/** Gives helpers and imports that collide with another part's names of their own; equal helpers are kept once. */
function settleNames(linked: LinkedPart, taken: Map<string, Taken>, importTaken: Map<string, string>): LinkedPart {
  const { part } = linked;
  const renames = new Map(linked.renames);
  const textOf = ({ node }: MergeUnit): string => node.text.replaceAll(/\s+/g, ' ');
  const kept = linked.kept.filter((unit) => {
    const repeated = unit.names.length > 0 && unit.names.every((name) => taken.get(name)?.text === textOf(unit));
    return !repeated;
  });
  const reserved = new Set([...taken.keys(), ...importTaken.keys(), ...kept.flatMap(({ names }) => names)]);
  for (const unit of kept) {
    for (const name of unit.names.filter((each) => !part.provides.includes(each))) {
      const other = taken.get(name);
      if ((other !== undefined && other.owner !== part.owner) || importTaken.has(name)) {
        renames.set(name, freshName(name, part.owner, reserved));
      } else taken.set(name, { owner: part.owner, text: textOf(unit) });
    }
  }
  const imports = linked.imports.map((each) => settleImport(each, part, { renames, reserved, taken, importTaken }));
  return { ...linked, kept, imports, renames };
}

interface Names {
  readonly renames: Map<string, string>;
  readonly reserved: Set<string>;
  readonly taken: ReadonlyMap<string, Taken>;
  readonly importTaken: Map<string, string>;
}

function settleImport(each: ImportedName, part: PartSource, names: Names): ImportedName {
  // `import os.path` binds `os` for everyone alike.
  if (each.local === '' || each.local.includes('.')) return each;
  const source = `${each.kind} ${each.module} ${each.name}`;
  const other = names.importTaken.get(each.local);
  const defined = names.taken.get(each.local);
  if ((other === undefined || other === source) && (defined === undefined || defined.owner === part.owner)) {
    names.importTaken.set(each.local, source);
    return each;
  }
  const local = freshName(each.local, part.owner, names.reserved);
  names.renames.set(each.local, local);
  names.importTaken.set(local, source);
  return { ...each, local };
}

function freshName(name: string, owner: string, reserved: Set<string>): string {
  const base = `${name}_${owner.replaceAll(/\W+/g, '_')}`;
  let fresh = base;
  for (let count = 2; reserved.has(fresh); count += 1) fresh = `${base}_${count}`;
  reserved.add(fresh);
  return fresh;
}

function textsOf(linked: LinkedPart, wanted: (unit: MergeUnit) => boolean, rules: MergeRules): readonly string[] {
  return linked.kept.filter(wanted).map((unit) => {
    if (unit.kind === 'export') return aliasesOf(unit, rules);
    const { text } = linked.part.source;
    const before = text.slice(unit.start, unit.node.start);
    const own = edit(text, unit.node.start, unit.node.end, editsOf(linked, unit));
    const isPublic = unit.names.some((name) => linked.part.provides.includes(name));
    return `${before}${rules.declared(own, unit.node, isPublic)}${text.slice(unit.node.end, unit.end)}`;
  });
}

function aliasesOf(unit: MergeUnit, rules: MergeRules): string {
  const aliases = unit.exports.filter(([local, name]) => local !== name && name !== 'default');
  return aliases.map(([local, name]) => rules.exportAlias(local, name)).join('\n');
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function editsOf({ part, renames, ownModules }: LinkedPart, unit: MergeUnit): readonly Edit[] {
  const inside = part.source.references.filter(({ start }) => start >= unit.node.start && start < unit.node.end);
  return inside.flatMap((reference): readonly Edit[] => {
    const member = ownModules.has(reference.text) ? memberOf(reference) : undefined;
    if (member !== undefined) return [{ start: reference.start, end: member.start, text: '' }];
    const name = renames.get(reference.text);
    if (name === undefined) return [];
    const text = reference.type === 'shorthand_property_identifier' ? `${reference.text}: ${name}` : name;
    return [{ start: reference.start, end: reference.end, text }];
  });
}

/** The name behind the dot in `module.name`. */
function memberOf(reference: SyntaxNode): SyntaxNode | undefined {
  if (reference.field !== 'object') return undefined;
  return reference.parent?.children.find(({ field }) => field === 'attribute' || field === 'property');
}

function edit(text: string, start: number, end: number, edits: readonly Edit[]): string {
  let result = '';
  let at = start;
  for (const each of [...edits].sort((a, b) => a.start - b.start)) {
    result += text.slice(at, each.start) + each.text;
    at = each.end;
  }
  return result + text.slice(at, end);
}
