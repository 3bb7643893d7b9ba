import type { ContentHash } from '../domain/ids.ts';
import type { SynthesisResult } from '../domain/result.ts';
import { createRecallKey } from '../memory/recall-key.ts';
import { chooseModels } from './choose-models.ts';
import type { StoreDependencies } from './dependencies.ts';
import { loadRequest } from './stored-json.ts';
import { VERIFIER_VERSION } from './verify/verifier-version.ts';

/** The verified answer to exactly this request, marked as recalled; null when there is none. */
export async function recallResult(
  deps: StoreDependencies,
  { requestHash }: { readonly requestHash: ContentHash },
): Promise<SynthesisResult | null> {
  const recalled = await deps.memory.recall.find(await recallKeyOf(deps, requestHash));
  if (!recalled) return null;
  const explanation = `Recalled from run ${recalled.runId}, which verified it. Ask with "fresh" to make it anew.`;
  const { result, runId } = recalled;
  return { ...result, recalledFrom: runId, explanations: [explanation, ...result.explanations] };
}

/** The key of everything that shapes the answer: the request, the models that would write it, prompts and checks. */
export async function recallKeyOf(deps: StoreDependencies, requestHash: ContentHash): Promise<ContentHash> {
  const { settings, memory, promptsVersion } = deps;
  const request = await loadRequest(memory.artifacts, requestHash);
  const { light, heavy, workers } = await chooseModels(request, settings, memory.nodeSnapshots);
  return createRecallKey(request, {
    models: { light, heavy, workers },
    temperature: settings.defaults.temperature,
    contextTokens: settings.contextTokens,
    promptsVersion,
    verifierVersion: VERIFIER_VERSION,
  });
}
