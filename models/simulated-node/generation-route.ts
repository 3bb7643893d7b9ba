import type { ServerResponse } from 'node:http';

import { planAnswer } from './answer-plan.ts';
import type { Question, SimulatedAnswer } from './answer-source.ts';
import { streamAnswer, untilAborted } from './answer-stream.ts';
import type { CallLog, LoggedCall } from './call-log.ts';
import type { Compute } from './compute.ts';
import type { CallFaults, createFaultBook } from './faults.ts';
import { CHARACTERS_PER_TOKEN, contextTokensOf, readGenerationRequest } from './generation-request.ts';
import type { GenerationRequest } from './generation-request.ts';
import { findModel, missingModel } from './model-facts.ts';
import { BUSY_MESSAGE } from './model-memory.ts';
import type { ModelMemory, Slot } from './model-memory.ts';
import { speedOf } from './options.ts';
import type { CompleteOptions, SimulatedModel } from './options.ts';
import { isRefusal, refuse, sendJson, textOf } from './wire.ts';
import type { JsonObject, Refusal } from './wire.ts';

/** What the node is made of. */
export interface NodeParts {
  readonly options: CompleteOptions;
  readonly models: SimulatedModel[];
  readonly memory: ModelMemory;
  readonly faults: ReturnType<typeof createFaultBook>;
  readonly log: CallLog;
  readonly compute: Compute;
  /** Bytes of models that were pulled in part, by name: the next pull goes on there. */
  readonly pulledBytes: Map<string, number>;
  readonly answer: (question: Question) => SimulatedAnswer;
}

/** `POST /api/chat` and `POST /api/generate`. */
export async function answerGeneration(
  parts: NodeParts,
  endpoint: 'chat' | 'generate',
  body: JsonObject,
  response: ServerResponse,
): Promise<void> {
  const call = parts.log.start(`/api/${endpoint}`, body);
  const signal = watchCaller(parts.log, call, response);
  const model = findModel(parts.models, call.model);
  const faults = parts.faults.hit(model?.name ?? call.model);
  try {
    if (faults.find('never_answer') !== undefined) return await untilAborted(signal);
    const refusal = refusalByFault(faults, call, body) ?? refusalByModel(call, model);
    const request = refusal ?? readGenerationRequest(endpoint, model as SimulatedModel, body);
    if (isRefusal(request)) return refuseCall(parts, call, response, request);
    await generate(parts, request, faults, { response, call, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

interface CallSocket {
  readonly response: ServerResponse;
  readonly call: LoggedCall;
  readonly signal: AbortSignal;
}

async function generate(
  parts: NodeParts,
  request: GenerationRequest,
  faults: CallFaults,
  { response, call, signal }: CallSocket,
): Promise<void> {
  if (request.empty && request.use.keepAliveMs === 0) {
    parts.memory.unload(request.model);
    return sendBare(request, 'unload', response);
  }
  const slot = await parts.memory.acquire(request.model, request.use, signal);
  if (slot === 'busy') return refuseCall(parts, call, response, { status: 503, error: BUSY_MESSAGE });
  try {
    if (request.empty) return sendBare(request, 'load', response);
    const plan = planAnswer(request, parts.answer(request.question), faults);
    const job = { request, plan, faults, ...paceOf(parts, request, slot), response, call, signal };
    if (!(await streamAnswer(job))) parts.log.end(call, 'faulted');
  } finally {
    slot.release();
  }
}

/** What decides how long the answer takes. */
function paceOf({ options, compute }: NodeParts, { model, promptTokens }: GenerationRequest, slot: Slot) {
  const { writeIntervalMs } = options;
  const cachedTokens = Math.min(promptTokens, Math.floor(slot.cachedCharacters / CHARACTERS_PER_TOKEN));
  const { loadMs, waitMs } = slot;
  return { speed: speedOf(options, model), compute, writeIntervalMs, cachedTokens, loadMs, waitMs };
}

/** Aborts when the caller closes its socket before the answer is out; also writes the ending into the log. */
export function watchCaller(log: CallLog, call: LoggedCall, response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('finish', () => log.end(call, 'answered'));
  response.once('close', () => {
    if (response.writableFinished) return;
    log.end(call, 'aborted');
    controller.abort(new Error('the caller went away'));
  });
  return controller.signal;
}

/** The real host's words, for a model of 7B on a machine of 8 GiB. */
const OUT_OF_MEMORY: Refusal = {
  status: 500,
  error: 'model requires more system memory (9.3 GiB) than is available (6.1 GiB)',
};

/** How a fault makes the node refuse a call; null: none does. */
export function refusalByFault(faults: CallFaults, call: LoggedCall, body: JsonObject): Refusal | null {
  const httpError = faults.find('http_error');
  if (httpError !== undefined) return { status: httpError.status, error: httpError.message };
  if (faults.find('model_missing') !== undefined) return missingModel(call.path, call.model);
  const tooLarge = faults.find('out_of_memory');
  if (tooLarge !== undefined && contextTokensOf(body) > (tooLarge.fitsContextTokens ?? 0)) return OUT_OF_MEMORY;
  const refusesThink = faults.find('refuse_think') !== undefined && body['think'] !== undefined;
  return refusesThink ? { status: 400, error: `"${call.model}" does not support thinking` } : null;
}

function refusalByModel(call: LoggedCall, model: SimulatedModel | undefined): Refusal | null {
  if (model !== undefined) return null;
  if (call.model === '' && call.path === '/api/chat') return { status: 400, error: 'model is required' };
  return missingModel(call.path, textOf(call.body, 'model'));
}

/** Refuses a call, and writes that into the log. */
export function refuseCall(parts: NodeParts, call: LoggedCall, response: ServerResponse, refusal: Refusal): void {
  parts.log.end(call, 'refused');
  refuse(response, refusal);
}

/** The answer to a call without a question. */
function sendBare({ endpoint, model }: GenerationRequest, reason: string, response: ServerResponse): void {
  const head = { model: model.name, created_at: new Date().toISOString() };
  const content = endpoint === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  sendJson(response, 200, { ...head, ...content, done_reason: reason, done: true });
}
