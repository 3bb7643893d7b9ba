import type { BenchCall } from '../scenario.ts';
import { promptOf } from '../over-http/bench-texts.ts';
import { allowedTokens } from '../over-http/speed-up.ts';
import type { PeerAnswer } from './peer.ts';
import { streamLines } from './stream-lines.ts';

interface Chunk {
  readonly error?: { readonly message?: string };
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
}

/**
 * Asks an OpenAI-compatible server as a careful client does: an answer counts when its end was announced.
 * Errors: a status, an error in the stream, a broken connection, and a stream without `finish_reason` or `[DONE]`.
 */
export async function askOpenai(
  { url, key }: { readonly url: string; readonly key: string },
  call: BenchCall,
): Promise<PeerAnswer> {
  const messages = [{ role: 'user', content: promptOf(call, 0) }];
  const body = { model: call.model, messages, stream: true, temperature: 0, seed: 1, max_tokens: allowedTokens(call) };
  let text = '';
  let finished = false;
  for await (const line of streamLines(`${url}/v1/chat/completions`, body, { authorization: `Bearer ${key}` })) {
    const data = line.replace(/^data: ?/, '').trim();
    if (data === '[DONE]') {
      if (finished) return { text };
      break;
    }
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw new Error(chunk.error.message ?? 'an error in the stream');
    text += chunk.choices?.[0]?.delta?.content ?? '';
    finished ||= typeof chunk.choices?.[0]?.finish_reason === 'string';
  }
  throw new Error('the stream ended without saying so');
}
