import { SEARCHED_KINDS } from '../../domain/memory-entry.ts';
import { WHOLE_PROGRAM, type ContentHash, type RunId } from '../../domain/ids.ts';
import type { Offer } from '../../domain/offer.ts';
import type { SynthesisRequest } from '../../domain/request.ts';
import { detectLanguage } from '../../languages/detect-language.ts';
import { createStepKey } from '../../memory/step-key.ts';
import type { RememberingDependencies } from '../dependencies.ts';
import { makeOffer, NO_OFFER } from './make-offer.ts';

/** Of the tokens for similar work; the rest is for lessons about an error, which is known only when something is repaired. */
export const SHARE_FOR_WORK = 0.75;

/**
 * Similar verified work and lessons of the request's own namespace, in its language where that is known. The first offer to a
 * run is kept: a run that is reset finds its paid steps, whose keys name it.
 */
export async function offerWork(
  deps: RememberingDependencies,
  { runId, requestHash }: { readonly runId: RunId; readonly requestHash: ContentHash },
  request: SynthesisRequest,
): Promise<Offer> {
  const tokens = Math.floor(deps.settings.memory.recallTokens * SHARE_FOR_WORK);
  if (request.fresh || tokens === 0) return NO_OFFER;
  const key = createStepKey({ runId, partId: WHOLE_PROGRAM, role: 'offer', index: 0, inputs: { requestHash } });
  const earlier = await deps.memory.steps.find(key);
  if (earlier !== undefined) return earlier as Offer;
  const language = request.language ?? detectLanguage(request.prompt);
  const offer = await makeOffer(deps, {
    namespace: request.namespace,
    kinds: SEARCHED_KINDS,
    text: request.prompt,
    fits: ({ value }) => language === undefined || value.language === language,
    tokens,
  });
  return (await deps.memory.steps.acceptOnce(key, runId, offer)) as Offer;
}
