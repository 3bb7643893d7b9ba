import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

import type { RunnableLanguage } from '../../domain/language.ts';
import type { AnswerSource } from './answer-source.ts';
import { seededFraction } from './seeded-answer.ts';

const programs = z.strictObject({ right: z.string(), wrong: z.array(z.string()).min(1) });

/** One file of `answers/`: a small task with right and wrong programs. */
const codingTaskSchema = z.strictObject({
  /** Regular expressions; the task is known when one of them is found in the request. */
  matches: z.array(z.string()).min(1),
  /** The name that the programs define, by language. */
  name: z.strictObject({ python: z.string(), typescript: z.string(), javascript: z.string() }),
  python: programs,
  typescript: programs,
  javascript: programs,
});

export type CodingTask = z.infer<typeof codingTaskSchema>;

export interface CodingAnswerOptions {
  /** Share of the answers that are right. 0.7 is what a good small model reaches on such tasks. */
  readonly rightShare?: number;
  /** Folder of the tasks, one YAML file each. */
  readonly folder?: string;
}

const ANSWERS_FOLDER = fileURLToPath(new URL('answers/', import.meta.url));

/**
 * Answers small coding tasks in a fenced block: right with the given probability, drawn from request and seed, otherwise
 * with a program that has a bug. It knows a task by the words of the request and says nothing to others.
 */
export function answerByCodingTasks(options: CodingAnswerOptions = {}): AnswerSource {
  const { rightShare = 0.7, folder = ANSWERS_FOLDER } = options;
  let tasks: readonly CodingTask[] | undefined;
  return ({ prompt, format, seed }) => {
    if (format !== undefined) return undefined;
    tasks ??= readTasks(folder);
    const task = findFirst(tasks, prompt);
    if (task === undefined) return undefined;
    const language = languageOf(prompt);
    const { right, wrong } = task[language];
    const isRight = seededFraction('right', prompt, seed) < rightShare;
    const mutant = wrong[Math.floor(seededFraction('wrong', prompt, seed) * wrong.length)] ?? right;
    const program = rename(isRight ? right : mutant, task.name[language], prompt);
    return `\`\`\`${language}\n${program.trimEnd()}\n\`\`\`\n`;
  };
}

/** The task that is named first: what a prompt holds of other requests stands behind its own. */
function findFirst(tasks: readonly CodingTask[], prompt: string): CodingTask | undefined {
  const placeOf = ({ matches }: CodingTask): number =>
    Math.min(...matches.map((pattern) => new RegExp(pattern, 'i').exec(prompt)?.index ?? Infinity));
  const places = tasks.map((task) => ({ task, place: placeOf(task) })).filter(({ place }) => place < Infinity);
  return places.sort((a, b) => a.place - b.place)[0]?.task;
}

/** Reads all tasks, in the order of their file names. Errors: a file that breaks the form. */
export function readTasks(folder: string): readonly CodingTask[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((name) => codingTaskSchema.parse(parse(readFileSync(`${folder}/${name}`, 'utf8'))));
}

/** The language that is named first; Python when none is. */
function languageOf(prompt: string): RunnableLanguage {
  const named = /\b(python|typescript|javascript|node\.js)\b/i.exec(prompt)?.[1]?.toLowerCase();
  if (named === 'typescript') return 'typescript';
  return named === undefined || named === 'python' ? 'python' : 'javascript';
}

/** Takes over a name that the request asks for, such as in "a function named `fib`" or "class called Pile". */
function rename(program: string, name: string, prompt: string): string {
  const asked = /\b(?:named|called)\s+[`"']?([A-Za-z_]\w*)/.exec(prompt)?.[1];
  return asked === undefined ? program : program.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), asked);
}
