import type { Sample } from '../domain/candidate.ts';
import type { ContentHash } from '../domain/ids.ts';
import type { ModelRole } from '../domain/model-step.ts';
import { chooseModels } from './choose-models.ts';
import type { StoreDependencies } from './dependencies.ts';
import { loadRequest } from './stored-json.ts';

export interface PlanSampleInput {
  readonly requestHash: ContentHash;
  readonly role: ModelRole;
  readonly index: number;
}

/** Which model answers a question for data, and how. Temperature 0: the form matters, and variety does not. */
export async function planSample(
  deps: StoreDependencies,
  { requestHash, role, index }: PlanSampleInput,
): Promise<Sample> {
  const request = await loadRequest(deps.memory.artifacts, requestHash);
  const models = await chooseModels(request, deps.settings, deps.memory.nodeSnapshots);
  const model = role === 'plan' ? models.heavy : models.light;
  return { index, model, temperature: 0, seed: index + 1 };
}
