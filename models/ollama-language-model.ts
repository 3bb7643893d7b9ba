import type { ChatResponse } from 'ollama';

import { SynthesisFailure } from '../domain/failure.ts';
import { createAnswerCollector } from './answer-collector.ts';
import type { AnswerCollector } from './answer-collector.ts';
import { createAskNode } from './ask-node.ts';
import { watchCall } from './call-watch.ts';
import type { AskForLife, CallExpiry, CallWatch } from './call-watch.ts';
import { promptCharacters, toChatRequest, wantsNoThinking } from './chat-request.ts';
import type { GeneratedText, GenerateTextOptions, GenerateTextRequest, LanguageModel } from './language-model.ts';
import { failureFromError, nodeUnavailable } from './node-failure.ts';
import { createNodeConnections, type NameLookup, type NodeConnections } from './node-connections.ts';
import { connectTo } from './ollama-client.ts';
import { createNodeQuestions } from './node-questions.ts';
import { promptWasCut } from './prompt-fit.ts';

const NANOSECONDS_PER_MS = 1e6;

/** Ollama hosts as language models, over their HTTP API. */
export function createOllamaLanguageModel(lookup: NameLookup = {}): LanguageModel {
  const streamChat = createChatStreamer(createNodeConnections(lookup));
  const questions = createNodeQuestions(createAskNode(lookup));
  return {
    generateText(request, options) {
      const ask: AskForLife = (timeoutMs) => questions.getVersion(request.node, timeoutMs);
      return generateText(streamChat, ask, request, options);
    },
    ...questions,
  };
}

type StreamChat = (request: GenerateTextRequest, signal: AbortSignal) => Promise<AsyncIterable<ChatResponse>>;

/** Opens chats; remembers which models of which hosts refuse the word `think`. */
function createChatStreamer(connections: NodeConnections): StreamChat {
  const refusesThink = new Set<string>();
  return async (request, signal) => {
    const client = connectTo(request.node, connections, signal);
    const key = `${request.node.url} ${request.model}`;
    const withThink = wantsNoThinking(request) && !refusesThink.has(key);
    try {
      return await client.chat(toChatRequest(request, withThink));
    } catch (error) {
      if (!withThink || !isThinkRefusal(error)) throw error;
      refusesThink.add(key);
      return client.chat(toChatRequest(request, false));
    }
  };
}

function isThinkRefusal(error: unknown): boolean {
  return (
    error instanceof SynthesisFailure &&
    error.details['status'] === 400 &&
    /think/i.test(String(error.details['reason']))
  );
}

async function generateText(
  streamChat: StreamChat,
  ask: AskForLife,
  request: GenerateTextRequest,
  { signal, onText, onProgress }: GenerateTextOptions,
): Promise<GeneratedText> {
  signal.throwIfAborted();
  const watch = watchCall(request.deadlines, signal, ask);
  const answer = createAnswerCollector(request.resumeText ?? '');
  const emit = (delta: string): void => (delta === '' ? undefined : onText(delta));
  try {
    for await (const message of readMessages(streamChat, request, watch)) {
      onProgress?.();
      emit(answer.add(message.message?.content ?? '', message.message?.thinking ?? ''));
      if (!message.done) continue;
      emit(answer.finish());
      const generated = acceptAnswer(request, answer, message);
      watch.complete();
      return generated;
    }
    throw nodeUnavailable(request.node, 'stream_error', 'the stream ended before the answer did');
  } catch (error) {
    watch.cancel();
    signal.throwIfAborted();
    throw error instanceof SynthesisFailure ? withPartialText(error, answer.text()) : error;
  }
}

/** The messages of the stream; what goes wrong on the way is told as a failure of the host. */
async function* readMessages(
  streamChat: StreamChat,
  request: GenerateTextRequest,
  watch: CallWatch,
): AsyncGenerator<ChatResponse> {
  try {
    for await (const message of await streamChat(request, watch.signal)) {
      watch.noteArrival();
      yield message;
    }
  } catch (error) {
    const expired = watch.expired();
    if (expired === null) throw failureFromError(request.node, error);
    throw failureFromExpiry(request, expired);
  }
}

function failureFromExpiry({ node, deadlines }: GenerateTextRequest, expiry: CallExpiry): SynthesisFailure {
  if (expiry === 'silent') return nodeUnavailable(node, expiry, 'it gives no sign of life any more');
  const deadlineMs = {
    first_token: deadlines.firstTokenMs,
    idle: deadlines.idleMs,
    total: deadlines.totalMs,
  }[expiry];
  return nodeUnavailable(node, expiry, `no answer within ${Math.round(deadlineMs)} ms`, { deadlineMs });
}

/** A last message is a success only when the model stopped by itself and had read the whole prompt. */
function acceptAnswer(request: GenerateTextRequest, answer: AnswerCollector, last: ChatResponse): GeneratedText {
  const generated = { ...answer.result(), ...measures(last) };
  const { node, contextTokens, maxTokens } = request;
  const { promptTokens, completionTokens } = generated;
  if (promptWasCut(promptCharacters(request), promptTokens, contextTokens)) {
    const message = `The prompt does not fit into ${contextTokens} tokens; the host read ${promptTokens} of it.`;
    throw new SynthesisFailure('PromptTooLong', message, { nodeId: node.id, promptTokens, contextTokens });
  }
  if (last.done_reason === 'stop') return generated;
  if (last.done_reason === 'length') {
    const message = `The answer did not end within ${maxTokens} tokens.`;
    throw new SynthesisFailure('AnswerTruncated', message, { nodeId: node.id, maxTokens, completionTokens });
  }
  throw nodeUnavailable(node, 'stream_error', `the answer ended with "${last.done_reason ?? 'no reason'}"`);
}

function measures(last: ChatResponse): Omit<GeneratedText, 'text' | 'thinking'> {
  return {
    promptTokens: last.prompt_eval_count ?? 0,
    completionTokens: last.eval_count ?? 0,
    loadMs: (last.load_duration ?? 0) / NANOSECONDS_PER_MS,
    promptMs: (last.prompt_eval_duration ?? 0) / NANOSECONDS_PER_MS,
    decodeMs: (last.eval_duration ?? 0) / NANOSECONDS_PER_MS,
    totalMs: (last.total_duration ?? 0) / NANOSECONDS_PER_MS,
  };
}

function withPartialText(failure: SynthesisFailure, partialText: string): SynthesisFailure {
  const details = { partialText, ...failure.details };
  return new SynthesisFailure(failure.type, failure.message, details, { cause: failure.cause });
}
