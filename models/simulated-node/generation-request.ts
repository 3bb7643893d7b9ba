import type { Question } from './answer-source.ts';
import type { ModelUse } from './model-memory.ts';
import type { SimulatedModel } from './options.ts';
import { textOf } from './wire.ts';
import type { JsonObject, Refusal } from './wire.ts';

/** A chat or generate call, understood. */
export interface GenerationRequest {
  readonly endpoint: 'chat' | 'generate';
  readonly model: SimulatedModel;
  readonly question: Question;
  /** Nothing to answer: the model is loaded, or unloaded with `keep_alive` 0. */
  readonly empty: boolean;
  /** A trailing message of the assistant, which the answer continues. */
  readonly resumeText: string;
  readonly use: ModelUse;
  readonly promptTokens: number;
  /** `num_predict`; Infinity when it is not given. */
  readonly maxTokens: number;
  readonly stream: boolean;
  readonly thinks: boolean;
}

interface Message {
  readonly role: string;
  readonly content: string;
}

/** Ollama's own, when a call does not say how long the model shall stay. */
const DEFAULT_KEEP_ALIVE_MS = 5 * 60_000;
const DEFAULT_CONTEXT_TOKENS = 4096;
/** The usual ratio; it is also how the answer is cut into tokens. */
export const CHARACTERS_PER_TOKEN = 4;
/** What a chat template adds to each message. */
const TEMPLATE_TOKENS = 4;

/** Understands the body, or says why the real host would refuse it. */
export function readGenerationRequest(
  endpoint: 'chat' | 'generate',
  model: SimulatedModel,
  body: JsonObject,
): GenerationRequest | Refusal {
  const options = (body['options'] ?? {}) as JsonObject;
  const refusal = refusalOf(endpoint, model, body, options);
  if (refusal !== null) return refusal;
  const messages = endpoint === 'chat' ? readMessages(body) : readPrompt(body);
  const last = messages.at(-1);
  const continues = last?.role === 'assistant';
  const contextTokens = contextTokensOf(body);
  const promptTokens = countTokens(messages);
  if (promptTokens > contextTokens && body['truncate'] === false) {
    return { status: 400, error: 'the input length exceeds the context length' };
  }
  const maxTokens = numberOf(options, 'num_predict', -1);
  return {
    endpoint,
    model,
    question: readQuestion(model, messages, body, options),
    empty: messages.every((message) => message.content === ''),
    resumeText: continues ? last.content : '',
    use: {
      contextTokens,
      keepAliveMs: readKeepAlive(body['keep_alive']),
      promptText: messages.map(({ content }) => content).join('\n'),
    },
    promptTokens: Math.min(promptTokens, contextTokens),
    maxTokens: maxTokens < 0 ? Infinity : maxTokens,
    stream: body['stream'] !== false,
    thinks: model.capabilities.includes('thinking') && body['think'] !== false,
  };
}

/** The context window that a call asks for. */
export function contextTokensOf(body: JsonObject): number {
  return numberOf((body['options'] ?? {}) as JsonObject, 'num_ctx', DEFAULT_CONTEXT_TOKENS);
}

function refusalOf(endpoint: string, model: SimulatedModel, body: JsonObject, options: JsonObject): Refusal | null {
  const can = (capability: string): boolean => model.capabilities.includes(capability);
  if (!can('completion')) return { status: 400, error: `"${model.name}" does not support ${endpoint}` };
  if (Array.isArray(body['tools']) && body['tools'].length > 0 && !can('tools')) {
    return { status: 400, error: `registry.ollama.ai/library/${model.name} does not support tools` };
  }
  if (body['think'] === true && !can('thinking')) {
    return { status: 400, error: `"${model.name}" does not support thinking` };
  }
  const wrong = ['num_ctx', 'num_predict', 'seed'].find(
    (name) => !['number', 'undefined'].includes(typeof options[name]),
  );
  return wrong === undefined ? null : { status: 500, error: `option "${wrong}" must be of type integer` };
}

function readMessages(body: JsonObject): readonly Message[] {
  const messages = Array.isArray(body['messages']) ? (body['messages'] as readonly JsonObject[]) : [];
  return messages.map((message) => ({ role: textOf(message, 'role'), content: textOf(message, 'content') }));
}

function readPrompt(body: JsonObject): readonly Message[] {
  const system = { role: 'system', content: textOf(body, 'system') };
  return [system, { role: 'user', content: textOf(body, 'prompt') }];
}

function readQuestion(
  model: SimulatedModel,
  messages: readonly Message[],
  body: JsonObject,
  options: JsonObject,
): Question {
  const ofRole = (role: string): readonly string[] =>
    messages.filter((message) => message.role === role).map((message) => message.content);
  return {
    model: model.name,
    system: ofRole('system').join('\n'),
    prompt: ofRole('user').at(-1) ?? '',
    format: body['format'] === '' ? undefined : (body['format'] ?? undefined),
    seed: numberOf(options, 'seed', 0),
    temperature: numberOf(options, 'temperature', 0.8),
  };
}

function countTokens(messages: readonly Message[]): number {
  const each = messages.map(({ content }) => TEMPLATE_TOKENS + Math.ceil(content.length / CHARACTERS_PER_TOKEN));
  return each.reduce((sum, tokens) => sum + tokens, 0);
}

/** Seconds as a number, or a text such as `5m`; below zero: for ever. */
function readKeepAlive(value: unknown): number {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  const match = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) return DEFAULT_KEEP_ALIVE_MS;
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000;
  const keepAliveMs = Number(match[1]) * unitMs;
  // Ollama's "for ever"; a date must still be made of it.
  return keepAliveMs < 0 ? 100 * 365 * 24 * 3_600_000 : keepAliveMs;
}

function numberOf(options: JsonObject, name: string, otherwise: number): number {
  const value = options[name];
  return typeof value === 'number' ? value : otherwise;
}
