import type { PartId } from '../domain/ids.ts';
import type { Plan, PlanPart } from '../domain/plan.ts';
import { withDependencies } from './order-parts.ts';

/** Where a public name of the plan lives. */
export interface NameOwner {
  readonly owner: PartId | 'plan';
  readonly file: string;
  /** True for a name that exists only for the type checker. */
  readonly typeOnly: boolean;
}

/** The name by which a contract's symbol is declared: `Stack` for `Stack.push`. */
export function declaredNameOf(symbol: string): string {
  return symbol.split('.')[0] ?? symbol;
}

/** Names that a part provides. */
export function providedNames(part: PlanPart): readonly string[] {
  return [...new Set(part.provides.map(({ name }) => declaredNameOf(name)))];
}

/** Every public name of the plan with its owner; a part that provides a shared type owns it. */
export function findOwners(plan: Plan): ReadonlyMap<string, NameOwner> {
  const owners = new Map<string, NameOwner>();
  for (const { name, file, declaration } of plan.sharedTypes) {
    owners.set(name, { owner: 'plan', file, typeOnly: isTypeOnly(declaration) });
  }
  for (const part of plan.parts) {
    for (const { name, signature } of part.provides) {
      owners.set(declaredNameOf(name), { owner: part.id, file: part.file, typeOnly: isTypeOnly(signature) });
    }
  }
  return owners;
}

function isTypeOnly(declaration: string): boolean {
  return /^\s*(?:\/\*[\s\S]*?\*\/\s*)?(?:export\s+)?(?:interface|type)\s+\w/m.test(declaration);
}

/**
 * Names that belong to others where `part` says them: shared types, and what its dependencies provide. A name of a part
 * that it does not depend on is its own helper that happens to be called the same.
 */
export function foreignNames(
  plan: Plan,
  part: PlanPart,
  owners: ReadonlyMap<string, NameOwner>,
): ReadonlyMap<string, NameOwner> {
  const reachable = new Set<string>(withDependencies(plan.parts, part).map(({ id }) => id));
  const own = new Set(providedNames(part));
  return new Map(
    [...owners].filter(([name, { owner }]) => !own.has(name) && (owner === 'plan' || reachable.has(owner))),
  );
}
