import type { ContentHash, RunId } from '../domain/ids.ts';
import type { AnswerValue, EntryPlace } from '../domain/memory-entry.ts';
import type { Offer } from '../domain/offer.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { SynthesisResult } from '../domain/result.ts';
import type { ArtifactStore } from '../memory/ports.ts';
import { createRecallKey } from '../memory/recall-key.ts';
import { chooseModels } from './choose-models.ts';
import type { RememberingDependencies, StoreDependencies } from './dependencies.ts';
import { offerWork } from './recall/offer-work.ts';
import { loadRequest } from './stored-json.ts';
import { VERIFIER_VERSION } from './verify/verifier-version.ts';

/** What recall found, and the key under which the run's own result is remembered. */
export interface Recall {
  readonly recallKey: ContentHash;
  readonly result: SynthesisResult | null;
  /** Similar work as context for the models; absent in histories from before there was any. */
  readonly offer?: Offer;
}

export interface RecallInput {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly fresh: boolean;
}

/**
 * The verified answer to exactly this request, marked as recalled. Where there is none, what memory has of similar work is
 * offered to the models as context. A fresh answer is made without either.
 */
export async function recallResult(deps: RememberingDependencies, input: RecallInput): Promise<Recall> {
  const request = await loadRequest(deps.memory.artifacts, input.requestHash);
  const recallKey = await recallKeyOf(deps, request);
  if (input.fresh) return { recallKey, result: null };
  const result = await findAnswer(deps, { namespace: request.namespace, kind: 'answer', key: recallKey });
  if (result) return { recallKey, result };
  return { recallKey, result, offer: await offerWork(deps, input, request) };
}

async function findAnswer(
  { entries, memory }: RememberingDependencies,
  place: EntryPlace,
): Promise<SynthesisResult | null> {
  const entry = await entries.get(place);
  if (entry?.value.kind !== 'answer' || !(await restoreTexts(memory.artifacts, entry.value))) return null;
  const { result } = entry.value;
  const explanation = `Recalled from run ${entry.runId}, which verified it. Ask with "fresh" to make it anew.`;
  return { ...result, recalledFrom: entry.runId, explanations: [explanation, ...result.explanations] };
}

/**
 * Puts the texts of an answer where everything else looks for them: retention may have removed them, or another machine made
 * them. False when one is not what its hash stands for.
 */
async function restoreTexts(artifacts: ArtifactStore, { texts }: AnswerValue): Promise<boolean> {
  for (const [hash, text] of Object.entries(texts)) {
    if ((await artifacts.putText(text)) !== hash) return false;
  }
  return true;
}

/** The key of everything that shapes the answer: the request, the models that would write it, prompts and checks. */
async function recallKeyOf(deps: StoreDependencies, request: SynthesisRequest): Promise<ContentHash> {
  const { settings, memory, promptsVersion } = deps;
  const { light, heavy, workers, tasks } = await chooseModels(request, settings, memory.nodeSnapshots);
  return createRecallKey(request, {
    models: { light, heavy, workers, ...tasks },
    temperature: settings.defaults.temperature,
    contextTokens: settings.contextTokens,
    promptsVersion,
    verifierVersion: VERIFIER_VERSION,
  });
}
