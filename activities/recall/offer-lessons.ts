import type { ContentHash } from '../../domain/ids.ts';
import type { Offer } from '../../domain/offer.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import { createStepKey } from '../../memory/step-key.ts';
import type { RememberingDependencies } from '../dependencies.ts';
import { normaliseError } from '../remember/normalise-error.ts';
import { loadRequest } from '../stored-json.ts';
import { makeOffer, NO_OFFER } from './make-offer.ts';
import { SHARE_FOR_WORK } from './offer-work.ts';

/** A repair that is about to be made. */
export interface PlannedRepair {
  readonly scope: ProgramScope;
  readonly programHash: ContentHash;
  /** What the check that rejected the program said. */
  readonly evidence: string;
}

/** How programs of the same namespace and language with such an error were mended; the first offer to a repair is kept. */
export async function offerLessons(
  deps: RememberingDependencies,
  { scope, programHash, evidence }: PlannedRepair,
): Promise<Offer> {
  const { runId, partId, requestHash, classification } = scope;
  const { namespace, fresh } = await loadRequest(deps.memory.artifacts, requestHash);
  const tokens = Math.floor(deps.settings.memory.recallTokens * (1 - SHARE_FOR_WORK));
  if (fresh || tokens === 0) return NO_OFFER;
  const key = createStepKey({ runId, partId, role: 'lessons', index: 0, inputs: { programHash, evidence } });
  const earlier = await deps.memory.steps.find(key);
  if (earlier !== undefined) return earlier as Offer;
  const offer = await makeOffer(deps, {
    namespace,
    kinds: ['lesson'],
    text: normaliseError(evidence),
    fits: ({ value }) => value.language === classification.language,
    tokens,
  });
  return (await deps.memory.steps.acceptOnce(key, runId, offer)) as Offer;
}
