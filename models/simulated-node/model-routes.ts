import type { ServerResponse } from 'node:http';

import type { NodeParts } from './generation-route.ts';
import { findModel, missingModel } from './model-facts.ts';
import { simulatedModel } from './options.ts';
import { seededFraction } from './seeded-answer.ts';
import { refuse, sendJson, textOf } from './wire.ts';
import type { JsonObject } from './wire.ts';

/** Enough to tell vectors apart; real ones have 384 to 1024. */
const EMBEDDING_LENGTH = 64;
const PULL_STEPS = 4;

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

/** `POST /api/pull`: every name is found, except those that contain `missing`. */
export function answerPull({ models }: NodeParts, body: JsonObject, response: ServerResponse): void {
  const name = textOf(body, 'model') || textOf(body, 'name');
  if (name === '') return refuse(response, { status: 400, error: 'invalid model name' });
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const send = (step: object): boolean => response.write(`${JSON.stringify(step)}\n`);
  send({ status: 'pulling manifest' });
  if (name.includes('missing')) {
    response.end(`${JSON.stringify({ error: 'pull model manifest: file does not exist' })}\n`);
    return;
  }
  const model = simulatedModel(name);
  const digest = 'sha256:0123456789abcdef';
  for (let step = 0; step <= PULL_STEPS; step += 1) {
    const completed = Math.round((model.sizeBytes * step) / PULL_STEPS);
    send({ status: 'pulling 0123456789ab', digest, total: model.sizeBytes, completed });
  }
  if (findModel(models, name) === undefined) models.push(model);
  for (const status of ['verifying sha256 digest', 'writing manifest']) send({ status });
  response.end(`${JSON.stringify({ status: 'success' })}\n`);
}
