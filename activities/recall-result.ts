import type { ContentHash } from '../domain/ids.ts';
import type { SynthesisResult } from '../domain/result.ts';
import { createRecallKey } from '../memory/recall-key.ts';
import { chooseModels } from './choose-models.ts';
import type { StoreDependencies } from './dependencies.ts';
import { loadRequest } from './stored-json.ts';
import { VERIFIER_VERSION } from './verify/verifier-version.ts';

/** What recall found, and the key under which the run's own result is remembered. */
export interface Recall {
  readonly recallKey: ContentHash;
  readonly result: SynthesisResult | null;
}

/** The verified answer to exactly this request, marked as recalled; none when there is none or a fresh one is wanted. */
export async function recallResult(
  deps: StoreDependencies,
  { requestHash, fresh }: { readonly requestHash: ContentHash; readonly fresh: boolean },
): Promise<Recall> {
  const recallKey = await recallKeyOf(deps, requestHash);
  const recalled = fresh ? undefined : await deps.memory.recall.find(recallKey);
  if (!recalled) return { recallKey, result: null };
  const explanation = `Recalled from run ${recalled.runId}, which verified it. Ask with "fresh" to make it anew.`;
  const { result, runId } = recalled;
  return { recallKey, result: { ...result, recalledFrom: runId, explanations: [explanation, ...result.explanations] } };
}

/** The key of everything that shapes the answer: the request, the models that would write it, prompts and checks. */
async function recallKeyOf(deps: StoreDependencies, requestHash: ContentHash): Promise<ContentHash> {
  const { settings, memory, promptsVersion } = deps;
  const request = await loadRequest(memory.artifacts, requestHash);
  const { light, heavy, workers, tasks } = await chooseModels(request, settings, memory.nodeSnapshots);
  return createRecallKey(request, {
    models: { light, heavy, workers, ...tasks },
    temperature: settings.defaults.temperature,
    contextTokens: settings.contextTokens,
    promptsVersion,
    verifierVersion: VERIFIER_VERSION,
  });
}
