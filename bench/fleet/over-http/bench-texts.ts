import { createHash } from 'node:crypto';
import { CHARACTERS_PER_TOKEN } from '../../../models/simulated-node/generation-request.ts';
import type { BenchCall } from '../scenario.ts';

/** What is asked and what must come back: a simulated host reads out of the prompt which answer is expected of it. */

const MARK = /\[call (\S+), (\d+) tokens\]/;

/** A prompt of so many tokens; `overheadCharacters` of it are added by whoever sends it. */
export function promptOf(call: BenchCall, overheadCharacters: number): string {
  const { id, completionTokens, prefix, promptTokens } = call;
  const shared = prefix === null ? '' : wordsOf(prefix.id, prefix.tokens * CHARACTERS_PER_TOKEN);
  const start = `${shared}[call ${id}, ${completionTokens} tokens] `;
  const rest = promptTokens * CHARACTERS_PER_TOKEN - overheadCharacters - start.length;
  return start + wordsOf(id, Math.max(0, rest));
}

/** Which call a prompt belongs to; undefined for any other prompt. */
export function callIdIn(prompt: string): string | undefined {
  return MARK.exec(prompt)?.[1];
}

/** The answer that a prompt expects; undefined for any other prompt. */
export function answerTo(prompt: string): string | undefined {
  const [, id, tokens] = MARK.exec(prompt) ?? [];
  return id === undefined ? undefined : answerOf({ id, completionTokens: Number(tokens) });
}

/** The one complete answer of a call: no other call has it, and no part of it equals it. */
export function answerOf({ id, completionTokens }: Pick<BenchCall, 'id' | 'completionTokens'>): string {
  const start = numberOf(id);
  const token = (place: number): string => ((start + place) % TOKENS).toString(36).padStart(CHARACTERS_PER_TOKEN, '0');
  return Array.from({ length: completionTokens }, (_, place) => token(place)).join('');
}

/** So many different tokens of four characters are there. */
const TOKENS = 36 ** CHARACTERS_PER_TOKEN;

/** Text that differs from its first word on with the name. */
function wordsOf(name: string, length: number): string {
  const words = `${numberOf(name).toString(36)} keeps the words of ${name} apart from all others. `;
  return words.repeat(Math.ceil(length / words.length)).slice(0, length);
}

function numberOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % TOKENS;
}
