import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import { untilAborted } from './answer-stream.ts';
import { refusalByFault, refuseCall, watchCaller, type NodeParts } from './generation-route.ts';
import { findModel, missingModel } from './model-facts.ts';
import { sendJson, textOf } from './wire.ts';
import type { JsonObject } from './wire.ts';

/** Enough to tell vectors apart; real ones have 384 to 1024. */
const EMBEDDING_LENGTH = 64;

/**
 * `POST /api/embed`: unit vectors that depend on nothing but the words of the text, so that texts with words in common are
 * neighbours, opposite requests included, as they are for real models.
 */
export async function answerEmbed(parts: NodeParts, body: JsonObject, response: ServerResponse): Promise<void> {
  const call = parts.log.start('/api/embed', body);
  const signal = watchCaller(parts.log, call, response);
  const name = textOf(body, 'model');
  const model = findModel(parts.models, name);
  const faults = parts.faults.hit(model?.name ?? name);
  if (faults.find('never_answer') !== undefined) return untilAborted(signal).catch(() => {});
  const refusal = refusalByFault(faults, call, body);
  const input = typeof body['input'] === 'string' ? [body['input']] : body['input'];
  const isList = Array.isArray(input) && input.every((text) => typeof text === 'string');
  if (refusal !== null) return refuseCall(parts, call, response, refusal);
  if (!isList) return refuseCall(parts, call, response, { status: 400, error: 'invalid input type' });
  if (model === undefined) return refuseCall(parts, call, response, missingModel('/api/embed', name));
  const characters = input.reduce((sum, text) => sum + text.length, 0);
  sendJson(response, 200, {
    model: name,
    embeddings: input.map(embed),
    total_duration: 1,
    load_duration: 1,
    prompt_eval_count: Math.ceil(characters / 4),
  });
}

/** The sum of the directions of all words; a text without any has one of its own. */
function embed(text: string): number[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [text];
  const vector = Array.from({ length: EMBEDDING_LENGTH }, () => 0);
  for (const [word, count] of countWords(words)) {
    const noise = createHash('shake256', { outputLength: EMBEDDING_LENGTH }).update(word).digest();
    for (const [index, byte] of noise.entries()) vector[index] = (vector[index] ?? 0) + count * (byte - MIDDLE_BYTE);
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Between the lowest and the highest byte, so that words have directions to all sides. */
const MIDDLE_BYTE = 127.5;

function countWords(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
