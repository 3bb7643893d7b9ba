import { z } from 'zod';
import type { NodeAddress, ResidentModel } from '../../domain/node.ts';

/** What was seen of the memory of a host's graphics cards; Ollama does not tell its size. Plain JSON, to be kept. */
export const vramSchema = z.object({
  /** The most that models took of it at once: it is at least so large. */
  largestBytes: z.number().min(0),
  /** What models took when one of them found no room for all of it, or more since: it is so large. Null: never seen. */
  fullBytes: z.number().min(0).nullable(),
  /** The models that lie in it in part only. */
  spilled: z.array(z.string()),
});

export type VramKnowledge = Readonly<z.infer<typeof vramSchema>>;

/** The size of a host's graphics memory, as far as it is known. */
export interface VramCapacity {
  readonly vramBytes: number | null;
  readonly vramSource: 'operator' | 'learned' | null;
  /** False: it may be larger, or there is none. */
  readonly isCertain: boolean;
}

/** Before anything was seen. */
export const NO_VRAM_SEEN: VramKnowledge = { largestBytes: 0, fullBytes: null, spilled: [] };

/** What is known after a look at the models in memory. */
export function learnVram(known: VramKnowledge, residents: readonly ResidentModel[]): VramKnowledge {
  const usedBytes = usedVramBytes(residents);
  const largestBytes = Math.max(known.largestBytes, usedBytes);
  // A host whose models all lie elsewhere has no graphics card, or none that Ollama uses: nothing spills there.
  const spilled = largestBytes === 0 ? [] : residents.filter(isSpilled).map(keyOf);
  const spillsAnew = spilled.some((key) => !known.spilled.includes(key));
  // The latest spill counts, because other programs take and give back memory too.
  const full = spillsAnew && usedBytes > 0 ? usedBytes : known.fullBytes;
  return { largestBytes, fullBytes: full === null ? null : Math.max(full, usedBytes), spilled };
}

/** What the operator says goes before what was seen. */
export function vramCapacity(known: VramKnowledge, address: NodeAddress): VramCapacity {
  if (address.vramBytes !== undefined) {
    return { vramBytes: address.vramBytes, vramSource: 'operator', isCertain: true };
  }
  if (known.largestBytes === 0) return { vramBytes: null, vramSource: null, isCertain: false };
  const isCertain = known.fullBytes !== null;
  return { vramBytes: known.fullBytes ?? known.largestBytes, vramSource: 'learned', isCertain };
}

/** Of all models together. */
export function usedVramBytes(residents: readonly ResidentModel[]): number {
  return residents.reduce((sum, resident) => sum + resident.vramBytes, 0);
}

/** True for a model that the host runs in part on its processor, at another speed than usual. */
export function isSpilled(resident: ResidentModel): boolean {
  return resident.vramBytes < resident.sizeBytes;
}

/** Loaded with another context, a model spills anew. */
function keyOf({ name, contextTokens }: ResidentModel): string {
  return `${name} ${contextTokens ?? ''}`;
}
