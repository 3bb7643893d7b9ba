import { readFile } from 'node:fs/promises';
import { z } from 'zod';

import { SynthesisFailure } from '../../domain/failure.ts';

/** What the model is asked. */
export interface Question {
  readonly model: string;
  readonly system: string;
  /** The last message of the user, or the prompt of `/api/generate`. */
  readonly prompt: string;
  /** JSON schema or `json`; undefined for free text. */
  readonly format: unknown;
  readonly seed: number;
  readonly temperature: number;
}

export interface SimulatedAnswer {
  readonly text: string;
  /** Given to models that think, unless the call switches it off. */
  readonly thinking?: string;
}

/** Decides what the model says. Undefined: it has nothing to say to this, ask the next source. */
export type AnswerSource = (question: Question) => SimulatedAnswer | string | undefined;

/** One rule of a script: the first that fits answers. */
const answerRuleSchema = z.strictObject({
  /** Model the rule is for; absent: all. */
  model: z.string().optional(),
  /** The prompt contains this text, upper and lower case alike; absent: every prompt. */
  contains: z.string().optional(),
  /** The prompt matches this regular expression. */
  matches: z.string().optional(),
  /** Several answers are given in turn. */
  answer: z.union([z.string(), z.array(z.string()).min(1)]),
  thinking: z.string().optional(),
});

export type AnswerRule = z.infer<typeof answerRuleSchema>;

/** Answers by rules, first fit first. */
export function answerByRules(rules: readonly AnswerRule[]): AnswerSource {
  const turns = new Map<AnswerRule, number>();
  return (question) => {
    const rule = rules.find((entry) => fits(entry, question));
    if (rule === undefined) return undefined;
    const turn = turns.get(rule) ?? 0;
    turns.set(rule, turn + 1);
    const text = typeof rule.answer === 'string' ? rule.answer : (rule.answer[turn % rule.answer.length] ?? '');
    return rule.thinking === undefined ? { text } : { text, thinking: rule.thinking };
  };
}

function fits({ model, contains, matches }: AnswerRule, question: Question): boolean {
  if (model !== undefined && model !== question.model) return false;
  if (contains !== undefined && !question.prompt.toLowerCase().includes(contains.toLowerCase())) return false;
  return matches === undefined || new RegExp(matches, 'i').test(question.prompt);
}

/** Reads a script: a JSON file with a list of rules. Errors: RequestRejected naming the rule that is broken. */
export async function readAnswerScript(path: string): Promise<AnswerSource> {
  const text = await readFile(path, 'utf8');
  const rules = z.array(answerRuleSchema).safeParse(parseJson(text));
  if (rules.success) return answerByRules(rules.data);
  const problem = z.prettifyError(rules.error);
  throw new SynthesisFailure('RequestRejected', `The answer script ${path} is wrong: ${problem}`, { path });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The first source that has something to say. */
export function firstAnswer(...sources: readonly AnswerSource[]): (question: Question) => SimulatedAnswer {
  return (question) => {
    for (const source of sources) {
      const answer = source(question);
      if (answer !== undefined) return typeof answer === 'string' ? { text: answer } : answer;
    }
    return { text: '' };
  };
}
