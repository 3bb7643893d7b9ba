import type { PartId } from '../domain/ids.ts';
import type { PlanPart } from '../domain/plan.ts';

/** Parts with what they use before them, otherwise in the order of the plan; parts of a cycle come last. */
export function orderParts(parts: readonly PlanPart[]): readonly PlanPart[] {
  const ordered: PlanPart[] = [];
  const done = new Set<PartId>();
  const known = new Set(parts.map(({ id }) => id));
  let waiting = [...parts];
  while (waiting.length > 0) {
    const isReady = (part: PlanPart): boolean =>
      part.uses.every(({ part: id }) => id === part.id || done.has(id) || !known.has(id));
    const next = waiting.find(isReady) ?? waiting[0];
    if (next === undefined) break;
    ordered.push(next);
    done.add(next.id);
    waiting = waiting.filter((part) => part !== next);
  }
  return ordered;
}

/** The part and everything that it uses, directly or through others. */
export function withDependencies(parts: readonly PlanPart[], start: PlanPart): readonly PlanPart[] {
  const needed = new Set<PartId>([start.id]);
  // A set grows while it is walked, so this reaches everything.
  for (const id of needed) {
    const part = parts.find((each) => each.id === id);
    for (const use of part?.uses ?? []) needed.add(use.part);
  }
  return parts.filter(({ id }) => needed.has(id));
}
