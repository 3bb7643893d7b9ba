import type { ChatRequest } from 'ollama';

import type { GenerateTextRequest } from './language-model.ts';

/** The library's words lack `truncate`, which hosts since 0.12 know and older ones ignore. */
export type StreamedChatRequest = ChatRequest & { readonly stream: true; readonly truncate: false };

/**
 * The wire form of a call. `truncate: false` makes a host that knows it refuse a prompt that does not fit instead of
 * cutting it. `top_p` 0.95 is what the makers of current code models recommend.
 */
export function toChatRequest(request: GenerateTextRequest, withThink: boolean): StreamedChatRequest {
  const { model, messages, resumeText = '', answerSchema } = request;
  const continued = resumeText === '' ? messages : [...messages, { role: 'assistant', content: resumeText }];
  return {
    model,
    messages: [...continued],
    stream: true,
    truncate: false,
    ...(answerSchema === undefined ? {} : { format: answerSchema }),
    ...(withThink ? { think: false } : {}),
    options: {
      num_ctx: request.contextTokens,
      num_predict: request.maxTokens,
      temperature: request.temperature,
      seed: request.seed,
      top_p: 0.95,
    },
  };
}

/** Data is answered at once, and a continued answer has been thought through. */
export function wantsNoThinking(request: GenerateTextRequest): boolean {
  return request.answerSchema !== undefined || (request.resumeText ?? '') !== '';
}

/** Length of everything that the model is asked to read. */
export function promptCharacters(request: GenerateTextRequest): number {
  const resumed = request.resumeText?.length ?? 0;
  return request.messages.reduce((sum, message) => sum + message.content.length, resumed);
}
