import { SynthesisFailure } from '../domain/failure.ts';
import type { ContentHash } from '../domain/ids.ts';
import type { OfferedEntry } from '../domain/offer.ts';
import type { Plan } from '../domain/plan.ts';
import type { Program } from '../domain/program.ts';
import type { SynthesisRequest } from '../domain/request.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ArtifactStore } from '../memory/ports.ts';

/** Stores a value as JSON. It was made by this program, so it is not checked again when it is read. */
export function putJson(
  artifacts: ArtifactStore,
  value: SynthesisRequest | Program | Plan | Verdict | readonly OfferedEntry[],
): Promise<ContentHash> {
  return artifacts.putText(JSON.stringify(value));
}

export const loadRequest = (artifacts: ArtifactStore, hash: ContentHash) => loadJson<SynthesisRequest>(artifacts, hash);
export const loadProgram = (artifacts: ArtifactStore, hash: ContentHash) => loadJson<Program>(artifacts, hash);
export const loadPlan = (artifacts: ArtifactStore, hash: ContentHash) => loadJson<Plan>(artifacts, hash);
export const loadVerdict = (artifacts: ArtifactStore, hash: ContentHash) => loadJson<Verdict>(artifacts, hash);
export const loadOffered = (artifacts: ArtifactStore, hash: ContentHash) =>
  loadJson<readonly OfferedEntry[]>(artifacts, hash);

export async function loadText(artifacts: ArtifactStore, hash: ContentHash): Promise<string> {
  const text = await artifacts.getText(hash);
  if (text === undefined) throw new SynthesisFailure('InvariantBroken', `Artifact ${hash} is missing.`, { hash });
  return text;
}

async function loadJson<Value>(artifacts: ArtifactStore, hash: ContentHash): Promise<Value> {
  return JSON.parse(await loadText(artifacts, hash)) as Value;
}
