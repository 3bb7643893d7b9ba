import type { SimulatedModel } from './options.ts';

/** What a model takes once it is loaded: its weights, and a context for each slot. */
export function memoryBytes(model: SimulatedModel, contextTokens: number, slots: number): number {
  const heldTokens = Math.min(contextTokens, model.contextTokens) * slots;
  return model.sizeBytes + heldTokens * (model.contextBytesPerToken ?? 0);
}

/** How the model must be built for its context to take what it takes, in the words of `/api/show`. */
export function describeBuild({ family, contextBytesPerToken }: SimulatedModel): object {
  const usual = {
    [`${family}.block_count`]: 24,
    [`${family}.embedding_length`]: 1024,
    [`${family}.attention.head_count`]: 16,
    [`${family}.attention.head_count_kv`]: 4,
  };
  if (contextBytesPerToken === undefined) return usual;
  return {
    ...usual,
    [`${family}.block_count`]: 1,
    [`${family}.attention.head_count_kv`]: 1,
    // A key and a value, two bytes each number.
    [`${family}.attention.key_length`]: contextBytesPerToken / 4,
    [`${family}.attention.value_length`]: contextBytesPerToken / 4,
  };
}
