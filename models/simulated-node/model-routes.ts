import type { ServerResponse } from 'node:http';

import type { NodeParts } from './generation-route.ts';
import { findModel, missingModel } from './model-facts.ts';
import { seededFraction } from './seeded-answer.ts';
import { refuse, sendJson, textOf } from './wire.ts';
import type { JsonObject } from './wire.ts';

/** Enough to tell vectors apart; real ones have 384 to 1024. */
const EMBEDDING_LENGTH = 64;

/** `POST /api/embed`: unit vectors that depend on nothing but the text. */
export function answerEmbed({ models }: NodeParts, body: JsonObject, response: ServerResponse): void {
  const name = textOf(body, 'model');
  const input = typeof body['input'] === 'string' ? [body['input']] : body['input'];
  const isList = Array.isArray(input) && input.every((text) => typeof text === 'string');
  if (!isList) return refuse(response, { status: 400, error: 'invalid input type' });
  const model = findModel(models, name);
  if (model === undefined) return refuse(response, missingModel('/api/embed', name));
  const characters = input.reduce((sum, text) => sum + text.length, 0);
  sendJson(response, 200, {
    model: name,
    embeddings: input.map(embed),
    total_duration: 1,
    load_duration: 1,
    prompt_eval_count: Math.ceil(characters / 4),
  });
}

function embed(text: string): number[] {
  const vector = Array.from({ length: EMBEDDING_LENGTH }, (_, index) => seededFraction(text, index) - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
