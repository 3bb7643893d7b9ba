import type { Candidate } from '../domain/candidate.ts';
import type { ContentHash, PartId } from '../domain/ids.ts';
import type { Program } from '../domain/program.ts';
import type { PartDependency, ProgramScope } from '../domain/program-scope.ts';
import { mergeProgram } from '../languages/merge-program.ts';
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
  | { readonly kind: 'merged'; readonly candidate: Candidate }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Joins the parts into one program, symbol by symbol, without a model. */
export async function mergeParts(
  deps: StoreDependencies,
  { scope, planHash, parts }: MergeInput,
): Promise<MergeResult> {
  const { artifacts } = deps.memory;
  const plan = await loadPlan(artifacts, planHash);
  const outcome = await mergeProgram(plan, await loadPrograms(artifacts, parts));
  if (!outcome.ok) return { kind: 'refused', problems: outcome.problems };
  const { runId, partId } = scope;
  const candidate: Candidate = {
    stepKey: createStepKey({ runId, partId, role: 'merge', index: 0, inputs: { planHash, parts } }),
    partId,
    origin: 'merge',
    programHash: await putJson(artifacts, outcome.program),
    sample: null,
    usage: null,
  };
  return { kind: 'merged', candidate };
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
