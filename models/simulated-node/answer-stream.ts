import type { ServerResponse } from 'node:http';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

import type { AnswerPlan, AnswerToken } from './answer-plan.ts';
import type { LoggedCall } from './call-log.ts';
import type { Compute } from './compute.ts';
import type { CallFaults } from './faults.ts';
import type { GenerationRequest } from './generation-request.ts';
import type { SimulatedSpeed } from './options.ts';
import { sendJson } from './wire.ts';

/** Everything that one answer needs. */
export interface AnswerJob {
  readonly request: GenerationRequest;
  readonly plan: AnswerPlan;
  readonly faults: CallFaults;
  readonly speed: SimulatedSpeed;
  readonly compute: Compute;
  /** Tokens of the prompt that the slot has read before. */
  readonly cachedTokens: number;
  readonly writeIntervalMs: number;
  readonly loadMs: number;
  /** For a slot; only the total tells of it. */
  readonly waitMs: number;
  readonly response: ServerResponse;
  readonly call: LoggedCall;
  readonly signal: AbortSignal;
}

const NANOSECONDS_PER_MS = 1e6;
/** A node without delays, or one that is behind, writes this often, so that it notices when the caller goes away. */
const TOKENS_PER_WRITE = 256;

/** Writes the answer at the speed of the node. Returns false when a fault ended it. */
export async function streamAnswer(job: AnswerJob): Promise<boolean> {
  const { compute } = job;
  compute.join();
  try {
    return await answer(job);
  } finally {
    compute.leave();
  }
}

async function answer(job: AnswerJob): Promise<boolean> {
  const { request, speed, compute, faults, signal } = job;
  const slowdown = faults.find('slow')?.factor ?? 1;
  const startedMs = performance.now();
  const newTokens = request.promptTokens - job.cachedTokens;
  const promptWorkMs = (1000 * slowdown * newTokens) / speed.promptTokensPerSecond;
  const tokenMs = (1000 * slowdown) / speed.completionTokensPerSecond;
  if (promptWorkMs > 0) await compute.waitUntil(compute.workedMs() + promptWorkMs, signal);
  const tookMs = performance.now() - startedMs;
  const finished = await writeTokens(job, tokenMs);
  if (!finished) return false;
  const workMs = performance.now() - startedMs;
  const promptMs = compute.isShared ? tookMs : promptWorkMs;
  const decodeMs = compute.isShared ? workMs - tookMs : tokenMs * job.plan.tokens.length;
  finish(job, lastMessage(job, { promptMs, decodeMs, totalMs: job.loadMs + job.waitMs + workMs }));
  return true;
}

async function writeTokens(job: AnswerJob, tokenMs: number): Promise<boolean> {
  const { plan, request, response, compute, writeIntervalMs, signal, call } = job;
  if (request.stream) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const startedMs = compute.workedMs();
  let unwritten = '';
  for (const [index, token] of plan.tokens.entries()) {
    if (await breakOff(job, index, unwritten)) return false;
    const writtenAtMs = startedMs + tokenMs * (index + 1);
    const isAhead = writtenAtMs - compute.workedMs() >= writeIntervalMs;
    if (isAhead || index % TOKENS_PER_WRITE === TOKENS_PER_WRITE - 1) {
      if (unwritten !== '') response.write(unwritten);
      unwritten = '';
      await (isAhead ? compute.waitUntil(writtenAtMs, signal) : setImmediate(undefined, { signal }));
    }
    call.tokens += 1;
    if (request.stream) unwritten += `${JSON.stringify(message(request, token))}\n`;
  }
  if (await breakOff(job, plan.tokens.length, unwritten)) return false;
  await compute.waitUntil(startedMs + tokenMs * plan.tokens.length, signal);
  if (unwritten !== '') response.write(unwritten);
  return true;
}

/** Ends the answer where a fault wants it; true when it did. */
async function breakOff({ faults, response, signal }: AnswerJob, index: number, unwritten: string): Promise<boolean> {
  const breaks = ['die_mid_stream', 'stall_mid_stream', 'end_without_done', 'error_line'] as const;
  const fault = breaks.map((kind) => faults.find(kind)).find((entry) => entry?.afterTokens === index);
  if (fault === undefined) return breakLines({ faults, response });
  await flush(response, unwritten);
  switch (fault.kind) {
    case 'die_mid_stream':
      response.socket?.resetAndDestroy();
      return true;
    case 'stall_mid_stream':
      return untilAborted(signal);
    case 'end_without_done':
      response.end();
      return true;
    case 'error_line':
      response.end(`${JSON.stringify({ error: fault.message })}\n`);
      return true;
    default:
      return fault satisfies never;
  }
}

/** Faults in the form of the lines; both write once, before the first token, and the second goes on. */
function breakLines({ faults, response }: Pick<AnswerJob, 'faults' | 'response'>): boolean {
  const huge = faults.find('huge_line');
  if (huge !== undefined) {
    response.end(`{"message":{"role":"assistant","content":"${'a'.repeat(huge.bytes)}"},"done":false}\n`);
    return true;
  }
  return false;
}

/** Waits until the bytes are with the system, so that a reset comes after them. */
async function flush(response: ServerResponse, text: string): Promise<void> {
  if (!response.headersSent) response.flushHeaders();
  if (text !== '') await new Promise<void>((resolve) => response.write(text, () => resolve()));
  // A reset throws away what the receiver has not read; give it one turn of the loop of the network.
  await sleep(10);
}

/** Waits for the caller to go away. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function message({ endpoint, model }: GenerationRequest, { text, isThinking }: AnswerToken): object {
  const head = { model: model.name, created_at: new Date().toISOString() };
  if (endpoint === 'generate') {
    return { ...head, response: isThinking ? '' : text, ...(isThinking ? { thinking: text } : {}), done: false };
  }
  const content = isThinking ? { content: '', thinking: text } : { content: text };
  return { ...head, message: { role: 'assistant', ...content }, done: false };
}

interface Durations {
  readonly promptMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
}

function lastMessage({ request, plan, faults, loadMs }: AnswerJob, durations: Durations): object {
  const head = { model: request.model.name, created_at: new Date().toISOString() };
  const whole = (isThinking: boolean): string =>
    plan.tokens
      .filter((token) => !request.stream && token.isThinking === isThinking)
      .map((token) => token.text)
      .join('');
  const thinking = whole(true) === '' ? {} : { thinking: whole(true) };
  const content =
    request.endpoint === 'generate'
      ? { response: whole(false), ...thinking }
      : { message: { role: 'assistant', content: whole(false), ...thinking } };
  const end = { done_reason: plan.doneReason, done: true };
  const context = request.endpoint === 'generate' ? { context: [1, 2, 3] } : {};
  const promptTokens = faults.find('cut_prompt')?.promptTokens ?? request.promptTokens;
  return {
    ...head,
    ...content,
    ...end,
    ...context,
    total_duration: nanoseconds(durations.totalMs),
    load_duration: nanoseconds(loadMs),
    prompt_eval_count: promptTokens,
    prompt_eval_duration: nanoseconds(durations.promptMs),
    eval_count: plan.tokens.length,
    eval_duration: nanoseconds(durations.decodeMs),
  };
}

/** A real host never measures nothing. */
function nanoseconds(ms: number): number {
  return Math.max(1, Math.round(ms * NANOSECONDS_PER_MS));
}

function finish({ request, response, faults }: AnswerJob, last: object): void {
  if (!request.stream) return sendJson(response, 200, last);
  if (faults.find('invalid_utf8') !== undefined) response.write(INVALID_LINE);
  response.end(`${JSON.stringify(last)}\n`);
}

/** A token whose bytes are no UTF-8. */
const INVALID_LINE = Buffer.concat([
  Buffer.from('{"message":{"role":"assistant","content":"'),
  Buffer.from([0xc3, 0x28, 0xff]),
  Buffer.from('"},"done":false}\n'),
]);
