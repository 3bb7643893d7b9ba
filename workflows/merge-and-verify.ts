import type { JudgedCandidate } from '../domain/candidate.ts';
import type { ContentHash, PartId } from '../domain/ids.ts';
import type { PartDependency, ProgramScope } from '../domain/program-scope.ts';
import { merging } from './activity-options.ts';
import type { BuiltPart } from './build-parts.ts';
import type { RunTimeouts } from './contract.ts';
import type { RunJournal } from './run-journal.ts';
import { verifyCandidate } from './verify-candidate.ts';

interface Merge {
  readonly scope: ProgramScope;
  readonly planHash: ContentHash;
  readonly built: readonly BuiltPart[];
  /** False: only the chosen candidates are tried. */
  readonly swaps: boolean;
  readonly timeouts: RunTimeouts;
}

/**
 * Puts the parts together and runs the whole. When the whole fails, finds the part to blame by swapping in its next best
 * candidate, at most two swaps a part, without a model.
 */
export async function mergeAndVerify(merge: Merge, journal: RunJournal): Promise<readonly JudgedCandidate[]> {
  const judged: JudgedCandidate[] = [];
  for (const choice of choices(merge)) {
    const merged = await merging.mergeProgram({ scope: merge.scope, planHash: merge.planHash, parts: choice.parts });
    if (merged.kind === 'refused') {
      journal.explain(`The parts do not fit together${choice.note}: ${merged.problems.join('; ')}`);
      continue;
    }
    const verdict = await verifyCandidate(merge.scope, merged.candidate, [], merge.timeouts);
    if (merged.missing.length > 0) {
      // Whatever works of it, it is not what was asked for; and no swap brings what is missing.
      const summary = `It lacks ${merged.missing.join(', ')}, for which there is no program.`;
      judged.push({ ...verdict, accepted: false, proven: false, summary });
      break;
    }
    judged.push(verdict);
    if (verdict.accepted) {
      if (choice.note) journal.explain(`The whole program works${choice.note}.`);
      break;
    }
  }
  return judged;
}

/** The chosen candidates first, then every choice with one part swapped. */
function* choices({ built, swaps }: Merge): Generator<{ parts: readonly PartDependency[]; note: string }> {
  const chosen = new Map<PartId, ContentHash>();
  for (const { part, output } of built) {
    const candidate = output?.selection?.chosen.candidate;
    if (candidate) chosen.set(part.id, candidate.programHash);
  }
  if (chosen.size === 0) return;
  yield { parts: toList(chosen), note: '' };
  if (!swaps) return;
  for (const { part, output } of built) {
    for (const alternative of output?.selection?.alternatives.slice(0, 2) ?? []) {
      const swapped = new Map(chosen).set(part.id, alternative.candidate.programHash);
      yield { parts: toList(swapped), note: ` with another candidate for ${part.id}` };
    }
  }
}

function toList(chosen: ReadonlyMap<PartId, ContentHash>): readonly PartDependency[] {
  return [...chosen].map(([partId, programHash]) => ({ partId, programHash }));
}
