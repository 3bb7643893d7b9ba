import type { Candidate } from '../domain/candidate.ts';
import type { ContentHash, PartId } from '../domain/ids.ts';
import type { Plan } from '../domain/plan.ts';
import type { Program } from '../domain/program.ts';
import type { PartDependency, ProgramScope } from '../domain/program-scope.ts';
import { mergeProgram } from '../languages/merge-program.ts';
import { orderParts, withDependencies } from '../languages/order-parts.ts';
import type { ArtifactStore } from '../memory/ports.ts';
import { createStepKey } from '../memory/step-key.ts';
import type { StoreDependencies } from './dependencies.ts';
import { loadPlan, loadProgram, putJson } from './stored-json.ts';

export interface MergeInput {
  readonly scope: ProgramScope;
  readonly planHash: ContentHash;
  /** The chosen program of each part. */
  readonly parts: readonly PartDependency[];
}

export type MergeResult =
  /** `missing`: parts of the plan that are not in it. */
  | { readonly kind: 'merged'; readonly candidate: Candidate; readonly missing: readonly PartId[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * Joins the parts into one program, symbol by symbol, without a model. Where parts have no program, the others are joined, as
 * far as everything that they use is there.
 */
export async function mergeParts(
  deps: StoreDependencies,
  { scope, planHash, parts }: MergeInput,
): Promise<MergeResult> {
  const { artifacts } = deps.memory;
  const plan = await loadPlan(artifacts, planHash);
  const programs = await loadPrograms(artifacts, parts);
  const present = planOfPresent(plan, programs);
  const outcome = await mergeProgram(present ?? plan, programs);
  if (!outcome.ok) return { kind: 'refused', problems: outcome.problems };
  const { runId, partId } = scope;
  const candidate: Candidate = {
    stepKey: createStepKey({ runId, partId, role: 'merge', index: 0, inputs: { planHash, parts } }),
    partId,
    origin: 'merge',
    programHash: await putJson(artifacts, outcome.program),
    sample: null,
    usage: null,
    mergedFrom: parts,
  };
  const missing = plan.parts.filter((part) => !(present ?? plan).parts.includes(part)).map(({ id }) => id);
  return { kind: 'merged', candidate, missing };
}

/** The plan without the parts that cannot work for want of a program; null when none is left. */
function planOfPresent(plan: Plan, programs: ReadonlyMap<PartId, Program>): Plan | null {
  const parts = plan.parts.filter((part) => withDependencies(plan.parts, part).every(({ id }) => programs.has(id)));
  const last = orderParts(parts).at(-1);
  if (!last) return null;
  const hasMainFile = parts.some(({ file }) => file === plan.mainFile);
  return { ...plan, parts, mainFile: hasMainFile ? plan.mainFile : last.file };
}

export async function loadPrograms(
  artifacts: ArtifactStore,
  parts: readonly PartDependency[],
): Promise<ReadonlyMap<PartId, Program>> {
  const entries = parts.map(
    async ({ partId, programHash }) => [partId, await loadProgram(artifacts, programHash)] as const,
  );
  return new Map(await Promise.all(entries));
}
