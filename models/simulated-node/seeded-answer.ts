import { createHash } from 'node:crypto';

import type { AnswerSource, Question } from './answer-source.ts';
import { minimalJson } from './minimal-json.ts';

/** A number in [0, 1) that depends on nothing but its arguments. */
export function seededFraction(...parts: readonly (string | number)[]): number {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** The last resort: valid data for a schema, otherwise words drawn by prompt and seed. */
export const answerBySeed: AnswerSource = (question) => {
  if (question.format === 'json') return '{}';
  if (typeof question.format === 'object' && question.format !== null) {
    return JSON.stringify(minimalJson(question.format, question.prompt));
  }
  return seededWords(question);
};

const WORDS = ['the', 'node', 'answers', 'with', 'some', 'words', 'that', 'mean', 'nothing', 'at', 'all'];
/** Long enough that a stream has several lines. */
const WORD_COUNT = 24;

function seededWords({ prompt, seed }: Question): string {
  const word = (index: number): string => WORDS[Math.floor(seededFraction(prompt, seed, index) * WORDS.length)] ?? '';
  return Array.from({ length: WORD_COUNT }, (_, index) => word(index)).join(' ');
}
