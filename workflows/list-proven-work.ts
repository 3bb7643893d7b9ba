import type { ContentHash, PartId } from '../domain/ids.ts';
import type { ProvenWork } from '../domain/proven-work.ts';
import type { SynthesisResult } from '../domain/result.ts';
import type { BuiltPart } from './build-parts.ts';
import { listRepairs, type Ledger } from './ledger.ts';

/** What a run has to show for itself. */
export interface FinishedRun {
  readonly ledger: Ledger;
  readonly built: ReadonlyMap<PartId, BuiltPart>;
  readonly planHash: ContentHash | null;
  readonly offeredHash: ContentHash | null;
}

/** What memory may keep of a run: only what its verified result is made of, and nothing of a recalled one. */
export function listProvenWork(run: FinishedRun, result: SynthesisResult): ProvenWork | null {
  if (result.state !== 'verified' || result.recalledFrom !== null) return null;
  const { ledger, built, planHash, offeredHash } = run;
  const chosen = ledger.judged.find(({ candidate, proven }) => proven && candidate.programHash === result.programHash);
  const parts = chosen?.candidate.mergedFrom ?? [];
  // Histories from before parts told of their repairs have none.
  const repairsOfParts = parts.flatMap(({ partId }) => built.get(partId)?.output?.repairs ?? []);
  return { planHash, parts, repairs: [...listRepairs(ledger), ...repairsOfParts], offeredHash };
}
