import type { Classification } from '../domain/classification.ts';
import type { PartId } from '../domain/ids.ts';
import type { Plan, PlanPart } from '../domain/plan.ts';
import { isSafePath } from '../domain/safe-path.ts';
import { formatCount } from '../domain/format-count.ts';
import type { PlanAnswer } from './prompts/plan-parts.ts';

/** A plan that holds together, or every reason why it does not. */
export type PlanReading =
  { readonly kind: 'plan'; readonly plan: Plan } | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * The gate of the plan: unique ids, no circles, every reference resolves, safe paths, one owner for each symbol, an owner
 * for the main file and for every entry point the user named, at most `maxParts` parts.
 */
export function readPlan(answer: PlanAnswer, classification: Classification, maxParts: number): PlanReading {
  const plan = toPlan(answer, classification);
  const problems = [
    ...findTooMany(plan, maxParts),
    ...findRepeatedIds(plan),
    ...findUnsafePaths(plan),
    ...findSharedSymbols(plan),
    ...findUnresolvedUses(plan),
    ...findMissingOwners(plan, classification),
  ];
  if (problems.length > 0) return { kind: 'refused', problems };
  const circle = findCircle(plan.parts);
  return circle
    ? { kind: 'refused', problems: [`Parts use each other in a circle: ${circle.join(' -> ')}.`] }
    : { kind: 'plan', plan };
}

function toPlan(answer: PlanAnswer, { language }: Classification): Plan {
  const parts = answer.parts.map((part) => ({
    ...part,
    id: part.id as PartId,
    uses: part.uses.map((use) => ({ part: use.part as PartId, symbol: use.symbol })),
    examples: part.examples.map((example) => ({ ...example, source: 'plan' as const })),
  }));
  const { summary, files, main_file: mainFile, shared_types: sharedTypes } = answer;
  return { language, summary, files, sharedTypes, parts, mainFile };
}

function findTooMany({ parts }: Plan, maxParts: number): string[] {
  return parts.length > maxParts
    ? [`There are ${formatCount(parts.length, 'part')}; at most ${maxParts} may be planned.`]
    : [];
}

/** An id becomes part of a workflow ID, so it is a plain name. */
function findRepeatedIds({ parts }: Plan): string[] {
  const ids = parts.map((part) => part.id);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  const odd = ids.filter((id) => !/^[A-Za-z0-9_.-]+$/.test(id) || id === 'whole');
  return [
    ...repeated.map((id) => `The part id ${JSON.stringify(id)} is used twice.`),
    ...odd.map((id) => `The part id ${JSON.stringify(id)} must be letters, digits, "_", "-" or ".", and not "whole".`),
  ];
}

function findUnsafePaths(plan: Plan): string[] {
  const paths = new Set([
    plan.mainFile,
    ...plan.files.map((file) => file.path),
    ...plan.parts.map((part) => part.file),
  ]);
  for (const type of plan.sharedTypes) paths.add(type.file);
  return [...paths]
    .filter((path) => !isSafePath(path))
    .map((path) => `The path ${JSON.stringify(path)} must be relative and stay inside the program's folder.`);
}

function findSharedSymbols({ parts }: Plan): string[] {
  const owners = new Map<string, PartId>();
  const problems: string[] = [];
  for (const part of parts) {
    for (const { name } of part.provides) {
      const key = `${part.file}#${name}`;
      const owner = owners.get(key);
      if (owner) problems.push(`Both ${owner} and ${part.id} provide "${name}" in ${part.file}.`);
      owners.set(key, part.id);
    }
  }
  return problems;
}

function findUnresolvedUses({ parts }: Plan): string[] {
  return parts.flatMap((part) =>
    part.uses.flatMap((use) => {
      const provider = parts.find((other) => other.id === use.part);
      if (!provider) return [`Part ${part.id} uses the part ${JSON.stringify(use.part)}, which does not exist.`];
      const known = provider.provides.some((symbol) => symbol.name === use.symbol);
      return known ? [] : [`Part ${part.id} uses "${use.symbol}", which ${use.part} does not provide.`];
    }),
  );
}

function findMissingOwners(plan: Plan, classification: Classification): string[] {
  const provided = new Set(plan.parts.flatMap((part) => part.provides.map((symbol) => symbol.name)));
  const wanted = classification.entryPointsBy === 'user' ? classification.entryPoints : [];
  const missing = wanted
    .filter((name) => !provided.has(name))
    .map((name) => `No part provides "${name}", which the user asked for.`);
  const hasMain = plan.parts.some((part) => part.file === plan.mainFile);
  return hasMain ? missing : [...missing, `No part is in the main file ${plan.mainFile}.`];
}

/** The ids of one circle of uses, or null. */
function findCircle(parts: readonly PlanPart[]): readonly PartId[] | null {
  const finished = new Set<PartId>();
  const visit = (part: PlanPart, path: readonly PartId[]): readonly PartId[] | null => {
    if (path.includes(part.id)) return [...path.slice(path.indexOf(part.id)), part.id];
    if (finished.has(part.id)) return null;
    for (const use of part.uses) {
      const next = parts.find((other) => other.id === use.part);
      const circle = next ? visit(next, [...path, part.id]) : null;
      if (circle) return circle;
    }
    finished.add(part.id);
    return null;
  };
  for (const part of parts) {
    const circle = visit(part, []);
    if (circle) return circle;
  }
  return null;
}
