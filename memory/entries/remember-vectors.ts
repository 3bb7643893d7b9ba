import { hashText } from '../content-hash.ts';
import type { Embedder } from '../entry-ports.ts';

/** 4 kB each: what both indexes want at the same moment, and the questions of the last hours. */
const REMEMBERED_TEXTS = 1_000;

/**
 * An embedder that asks for a text once, however many want it at the same time or soon after. A failure is not remembered.
 * Where somebody else's question for the same text was given up, it is asked again.
 */
export function rememberVectors(embedder: Embedder, limit: number = REMEMBERED_TEXTS): Embedder {
  const known = new Map<string, Promise<Float32Array>>();

  function ask(texts: readonly string[], signal: AbortSignal): void {
    const answer = embedder.embed(texts, signal);
    for (const [index, text] of texts.entries()) {
      const vector = answer.then((vectors) => vectors[index] ?? Promise.reject(new Error('a text has no vector')));
      known.set(hashText(text), vector);
      vector.catch(() => known.delete(hashText(text)));
    }
    for (const key of [...known.keys()].slice(0, Math.max(0, known.size - limit))) known.delete(key);
  }

  async function read(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    const missing = [...new Set(texts)].filter((text) => !known.has(hashText(text)));
    const wanted = new Map(texts.map((text) => [text, known.get(hashText(text))]));
    if (missing.length > 0) ask(missing, signal);
    for (const text of missing) wanted.set(text, known.get(hashText(text)));
    return Promise.all(texts.map((text) => wanted.get(text) as Promise<Float32Array>));
  }

  return {
    model: () => embedder.model(),
    async embed(texts, signal) {
      try {
        return await read(texts, signal);
      } catch (error) {
        signal.throwIfAborted();
        const isOwnFailure = !isAbort(error);
        if (isOwnFailure) throw error;
        return read(texts, signal);
      }
    },
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
