import { posix } from 'node:path';
import type { PartId } from '../domain/ids.ts';
import { isRunnable, type RunnableLanguage } from '../domain/language.ts';
import type { Plan, PlanPart } from '../domain/plan.ts';
import type { Program } from '../domain/program.ts';
import type { SourceFile } from '../domain/request.ts';
import { findImportCycles } from './import-cycles.ts';
import { joinFiles } from './join-files.ts';
import { mergeFile, type MergedFile } from './merge-file.ts';
import { findOwners, foreignNames, providedNames, type NameOwner } from './merge-names.ts';
import type { MergeOutcome } from './merge-outcome.ts';
import { mergeRulesFor, readMergeSource } from './merge-source.ts';
import { orderParts, withDependencies } from './order-parts.ts';
import { parseSource } from './parse.ts';
import { linkSource, type FileMap, type PartSource } from './part-source.ts';
export type { MergeOutcome } from './merge-outcome.ts';

/** Joins the parts of a plan into one program, symbol by symbol, bodies unchanged. Determinism: equal input, equal text. */
export async function mergeProgram(plan: Plan, parts: ReadonlyMap<PartId, Program>): Promise<MergeOutcome> {
  return merge(plan, parts, posix.dirname(plan.mainFile));
}

/** The program by which one part is verified: the part together with its finished dependencies (direct and indirect). */
export async function linkPart(
  plan: Plan,
  part: PlanPart,
  program: Program,
  dependencyPrograms: ReadonlyMap<PartId, Program>,
): Promise<MergeOutcome> {
  const parts = withDependencies(plan.parts, part);
  const programs = new Map([...dependencyPrograms, [part.id, program]]);
  return merge({ ...plan, parts, mainFile: part.file }, programs, posix.dirname(plan.mainFile));
}

async function merge(plan: Plan, programs: ReadonlyMap<PartId, Program>, rootFolder: string): Promise<MergeOutcome> {
  const absent = plan.parts.filter(({ id }) => !programs.has(id));
  if (absent.length > 0) return fail(absent.map(({ id }) => `The part "${id}" has no program.`));
  const { language } = plan;
  if (!isRunnable(language)) return joinFiles(plan, programs);
  const ordered = orderParts(plan.parts);
  const owners = findOwners(plan);
  const extras = extraFiles(plan, programs);
  const files = new Set([
    ...ordered.map(({ file }) => file),
    ...[...owners.values()].map(({ file }) => file),
    ...extras.keys(),
  ]);
  const map: FileMap = { rules: mergeRulesFor(language), files, rootFolder };
  const main = ordered.findLast(({ file }) => file === plan.mainFile);
  const sources = [
    ...(await readSharedTypes(plan, owners, language)),
    ...(await Promise.all(ordered.map((part) => readPart(plan, part, programs, owners, part === main)))),
  ];
  const missing = sources.flatMap(missingNames);
  if (missing.length > 0) return fail(missing);
  const merged = [...new Set(sources.map(({ file }) => file))].map((path) => {
    const linked = sources.filter(({ file }) => file === path).map((source) => linkSource(source, map));
    return mergeFile(path, linked, map.rules);
  });
  return finish(plan, merged, [...extras.values(), ...packageMarkers(plan, files)], map);
}

function fail(problems: readonly string[]): MergeOutcome {
  return { ok: false, problems };
}

/** Shared types are one contribution per file, as if a part of the plan itself had written them. */
function readSharedTypes(
  plan: Plan,
  owners: ReadonlyMap<string, NameOwner>,
  language: RunnableLanguage,
): Promise<readonly PartSource[]> {
  const types = plan.sharedTypes.filter(({ name }) => owners.get(name)?.owner === 'plan');
  const files = [...new Set(types.map(({ file }) => file))];
  return Promise.all(
    files.map(async (file): Promise<PartSource> => {
      const own = types.filter((type) => type.file === file);
      const provides = own.map(({ name }) => name);
      const foreign = new Map([...owners].filter(([name]) => !provides.includes(name)));
      const source = await readMergeSource(language, own.map(({ declaration }) => declaration.trim()).join('\n\n\n'));
      return { owner: 'plan', file, provides, foreign, isMain: false, source };
    }),
  );
}

async function readPart(
  plan: Plan,
  part: PlanPart,
  programs: ReadonlyMap<PartId, Program>,
  owners: ReadonlyMap<string, NameOwner>,
  isMain: boolean,
): Promise<PartSource> {
  const program = programs.get(part.id);
  const own = program === undefined ? undefined : ownFile(part, program);
  const source = await readMergeSource(plan.language as RunnableLanguage, own?.content ?? '');
  const foreign = foreignNames(plan, part, owners);
  return { owner: part.id, file: part.file, provides: providedNames(part), foreign, isMain, source };
}

/** The file that a part's program wrote for the part itself. */
function ownFile(part: PlanPart, program: Program): SourceFile | undefined {
  return (
    program.files.find(({ path }) => path === part.file) ?? program.files.find(({ path }) => path === program.mainFile)
  );
}

/** Files that a part added for itself. Files that the plan gives to someone are theirs and left out. */
function extraFiles(plan: Plan, programs: ReadonlyMap<PartId, Program>): ReadonlyMap<string, SourceFile> {
  const planned = new Set([
    ...plan.files.map(({ path }) => path),
    ...plan.parts.map(({ file }) => file),
    ...plan.sharedTypes.map(({ file }) => file),
  ]);
  const extras = new Map<string, SourceFile>();
  for (const part of plan.parts) {
    const program = programs.get(part.id);
    const own = program === undefined ? undefined : ownFile(part, program);
    for (const file of program?.files ?? []) {
      if (file !== own && !planned.has(file.path) && !extras.has(file.path)) extras.set(file.path, file);
    }
  }
  return extras;
}

/** Python packages that the plan lists get their empty `__init__.py`. */
function packageMarkers(plan: Plan, files: ReadonlySet<string>): readonly SourceFile[] {
  return plan.files
    .filter(({ path }) => /(?:^|\/)__init__\.py$/.test(path) && !files.has(path))
    .map(({ path }) => ({ path, content: '' }));
}

function missingNames(part: PartSource): readonly string[] {
  const units = part.source.units;
  const bound = new Set([
    ...units.flatMap(({ names }) => names),
    ...units.flatMap(({ exports }) => exports.map(([, name]) => name)),
  ]);
  const lacking = part.provides.filter((name) => !bound.has(name));
  return lacking.map((name) => `The part "${part.owner}" does not define "${name}", which it must provide.`);
}

async function finish(
  plan: Plan,
  merged: readonly MergedFile[],
  extras: readonly SourceFile[],
  map: FileMap,
): Promise<MergeOutcome> {
  const files: readonly SourceFile[] = [...merged.map(({ path, content }) => ({ path, content })), ...extras];
  if (files.every(({ path }) => path !== plan.mainFile)) return fail([`No part fills the main file ${plan.mainFile}.`]);
  const syntax = await Promise.all(
    merged.map(async ({ path, content }) => {
      const [first] = await parseSource(plan.language, content);
      return first === undefined
        ? []
        : [`The merged file ${path} does not parse at line ${first.line}: ${first.message}.`];
    }),
  );
  const problems = [...syntax.flat(), ...findImportCycles(importGraph(merged, map))];
  if (problems.length > 0) return fail(problems);
  const provenance = merged.flatMap((file) => file.provenance);
  return { ok: true, program: { language: plan.language, mainFile: plan.mainFile, files }, provenance };
}

function importGraph(merged: readonly MergedFile[], map: FileMap): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    merged.map(({ path, imports }) => {
      const targets = imports
        .filter(({ typeOnly }) => !typeOnly)
        .flatMap(
          ({ module }) =>
            map.rules.possibleFiles(path, module, map.rootFolder).find((each) => map.files.has(each)) ?? [],
        );
      return [path, new Set(targets)];
    }),
  );
}
