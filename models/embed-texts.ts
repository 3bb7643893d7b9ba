import { z } from 'zod';

import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { AskNode } from './ask-node.ts';
import { nodeUnavailable } from './node-failure.ts';

/**
 * Makes a host turn texts into vectors, in the order of the texts; an empty text has none and must not be among them.
 * What is longer than the model reads is cut. Errors: SynthesisFailure, as of `LanguageModel`.
 */
export type EmbedTexts = (
  node: NodeAddress,
  model: string,
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<readonly Float32Array[]>;

/** Texts in one call: enough to keep a graphics card busy, and seconds of work for a processor. */
const BATCH_TEXTS = 16;
/** Loading a model of 1 GB from a slow disk takes seconds, 16 long texts on an old processor a minute. */
const BATCH_TIMEOUT_MS = 120_000;
/** 2048 tokens of four letters: most embedding models read 512, and the beginning of a text says what it is about. */
const MAX_CHARACTERS = 8_000;
/** Four times 16 tokens: no model is so small that this does not fit. */
const LEAST_CHARACTERS = 64;

const answer = z.object({ embeddings: z.array(z.array(z.number()).min(1)) });

/** Asks hosts by `POST /api/embed`. */
export function createEmbedTexts(askNode: AskNode): EmbedTexts {
  return async (node, model, texts, signal) => {
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += BATCH_TEXTS) {
      const batch = texts.slice(start, start + BATCH_TEXTS).map((text) => text.slice(0, MAX_CHARACTERS));
      vectors.push(...(await embedFitting(askNode, { node, model, signal }, batch)));
    }
    return vectors;
  };
}

interface EmbedCall {
  readonly node: NodeAddress;
  readonly model: string;
  readonly signal: AbortSignal;
}

/** Some hosts refuse a text that is too long although they were told to cut it: then the longest ones are halved. */
async function embedFitting(
  askNode: AskNode,
  call: EmbedCall,
  texts: readonly string[],
): Promise<readonly Float32Array[]> {
  try {
    return await embedBatch(askNode, call, texts);
  } catch (error) {
    const half = Math.floor(Math.max(...texts.map((text) => text.length)) / 2);
    const isTooLong = error instanceof SynthesisFailure && error.type === 'PromptTooLong';
    if (!isTooLong || half < LEAST_CHARACTERS) throw error;
    const shortened = texts.map((text) => text.slice(0, half));
    return embedFitting(askNode, call, shortened);
  }
}

async function embedBatch(
  askNode: AskNode,
  { node, model, signal }: EmbedCall,
  texts: readonly string[],
): Promise<readonly Float32Array[]> {
  const body = { model, input: texts, truncate: true };
  const checked = answer.safeParse(
    await askNode(node, { path: '/api/embed', body, timeoutMs: BATCH_TIMEOUT_MS, signal }),
  );
  if (!checked.success) {
    throw nodeUnavailable(node, 'not_ollama', 'the answer is not in the form of Ollama', {}, checked.error);
  }
  const vectors = checked.data.embeddings.map((numbers) => Float32Array.from(numbers));
  const problem = findProblem(vectors, texts.length);
  if (problem !== null) throw nodeUnavailable(node, 'model_failed', problem, { model });
  return vectors;
}

/** What cannot be compared with anything is no vector. */
function findProblem(vectors: readonly Float32Array[], textCount: number): string | null {
  if (vectors.length !== textCount) return `it made ${vectors.length} vectors of ${textCount} texts`;
  if (vectors.some((vector) => vector.length !== vectors[0]?.length)) return 'its vectors are of different lengths';
  const hasDirection = (vector: Float32Array): boolean => vector.every(Number.isFinite) && vector.some((x) => x !== 0);
  return vectors.every(hasDirection) ? null : 'a vector has no direction';
}
