import { promptOf } from '../over-http/bench-texts.ts';
import { allowedTokens } from '../over-http/speed-up.ts';
import type { BenchCall } from '../scenario.ts';
import { CONTEXT_TOKENS } from '../over-http/context-tokens.ts';
import type { PeerAnswer } from './peer.ts';
import { streamLines } from './stream-lines.ts';

interface Message {
  readonly error?: string;
  readonly done?: boolean;
  readonly message?: { readonly content?: string };
}

/** Asks an Ollama-compatible server as a careful client does. Errors: what `askOpenai` has, by `done` in place of `[DONE]`. */
export async function askOllama(url: string, call: BenchCall): Promise<PeerAnswer> {
  const messages = [{ role: 'user', content: promptOf(call, 0) }];
  const options = { num_ctx: CONTEXT_TOKENS, num_predict: allowedTokens(call), temperature: 0, seed: 1 };
  let text = '';
  for await (const line of streamLines(`${url}/api/chat`, { model: call.model, messages, stream: true, options })) {
    const { error, done, message } = JSON.parse(line) as Message;
    if (error !== undefined) throw new Error(error);
    text += message?.content ?? '';
    if (done === true) return { text };
  }
  throw new Error('the stream ended without saying so');
}
