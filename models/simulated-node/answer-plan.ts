import type { SimulatedAnswer } from './answer-source.ts';
import type { CallFaults } from './faults.ts';
import { CHARACTERS_PER_TOKEN } from './generation-request.ts';
import type { GenerationRequest } from './generation-request.ts';

export interface AnswerToken {
  readonly text: string;
  readonly isThinking: boolean;
}

/** What will be streamed, decided before the first token. */
export interface AnswerPlan {
  readonly tokens: readonly AnswerToken[];
  readonly doneReason: string;
}

/** Bound of an answer that a fault would make endless, when the call itself has none. */
const ENDLESS_TOKENS = 100_000;

/** Cuts the answer into tokens, with the limits and faults of the call. */
export function planAnswer(request: GenerationRequest, answer: SimulatedAnswer, faults: CallFaults): AnswerPlan {
  const repeat = faults.find('repeat');
  const limit = Math.min(request.maxTokens, ENDLESS_TOKENS);
  const thinking = request.thinks ? cut(answer.thinking ?? '', true) : [];
  const text = repeat === undefined ? cut(remaining(request, answer.text), false) : loop(repeat.text, limit);
  const tokens = [...thinking, ...text];
  const early = faults.find('done_reason');
  if (early !== undefined) return { tokens: tokens.slice(0, early.afterTokens), doneReason: early.reason };
  const isCut = tokens.length > limit || repeat !== undefined;
  return { tokens: tokens.slice(0, limit), doneReason: isCut ? 'length' : 'stop' };
}

/** A continued answer goes on where it stopped, when it starts as the answer does. */
function remaining({ resumeText }: GenerationRequest, text: string): string {
  return text.startsWith(resumeText) ? text.slice(resumeText.length) : text;
}

function cut(text: string, isThinking: boolean): readonly AnswerToken[] {
  const pieces = text.match(new RegExp(`[^]{1,${CHARACTERS_PER_TOKEN}}`, 'gu')) ?? [];
  return pieces.map((piece) => ({ text: piece, isThinking }));
}

function loop(text: string, count: number): readonly AnswerToken[] {
  return Array.from({ length: count }, () => ({ text, isThinking: false }));
}
