import { createHash } from 'node:crypto';
import type { Embedder } from '../../memory/entry-ports.ts';

/** Enough for words to have directions of their own. */
const LENGTH = 64;

/**
 * A made vector: the sum of directions that the words of a text have by chance. No embedding model can be had for tests; what
 * these vectors share with real ones is that texts with common words are neighbours, opposite requests included.
 */
export function madeVector(text: string, length = LENGTH): Float32Array {
  const vector = new Float32Array(length);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const noise = createHash('shake256', { outputLength: length }).update(word).digest();
    for (let index = 0; index < length; index += 1) vector[index] = (vector[index] ?? 0) + (noise[index] ?? 0) - 127.5;
  }
  return vector;
}

/** An embedder with made vectors, which can be switched off and made slow, and counts what it is asked. */
export interface MadeEmbedder extends Embedder {
  /** Null: no host has the model. */
  modelName: string | null;
  /** True: no host answers. */
  isDown: boolean;
  length: number;
  /** Each question waits for it. */
  delay: Promise<void>;
  readonly asked: string[];
}

export function createMadeEmbedder(): MadeEmbedder {
  const embedder: MadeEmbedder = {
    modelName: 'made-up:latest',
    isDown: false,
    length: LENGTH,
    delay: Promise.resolve(),
    asked: [],
    model: async () => embedder.modelName,
    async embed(texts) {
      await embedder.delay;
      if (embedder.modelName === null || embedder.isDown) throw new Error('no host embeds');
      embedder.asked.push(...texts);
      return texts.map((text) => madeVector(text, embedder.length));
    },
  };
  return embedder;
}
