import type { RunnableLanguage } from '../domain/language.ts';
import type { Example } from '../domain/request.ts';
import { findDoctestExamples } from './doctest-examples.ts';
import { calledNames, isClosed, parseExpression, withOwnConstants } from './expression.ts';
import { namesInPrompt } from './find-entry-points.ts';
import { findInlineExamples } from './inline-examples.ts';
import { findInputOutputExamples } from './input-output-examples.ts';
import { plainPrompt } from './prompt-text.ts';
import { rulesFor } from './rules-for.ts';
import type { StatedExample } from './stated-example.ts';

const ERROR_NAME = /^[A-Z]\w*(?:Error|Exception)$/;
/** Expected texts that are a single name: a value has to be a literal, else `f(x) -> int` would be an example. */
const NAME = /^[A-Za-z_$][\w$]*$/;
const NAMED_VALUES = new Set(['True', 'False', 'None', 'true', 'false', 'null', 'undefined', 'NaN', 'Infinity']);

/**
 * Calls with their outcome that the prompt itself states. Nothing is invented: both sides stand in the prompt, parse as
 * expressions and have no unbound names. `knownNames` are functions that `Input:`/`Output:` pairs may belong to.
 */
export async function findExamples(
  prompt: string,
  language: RunnableLanguage,
  knownNames: readonly string[] = [],
): Promise<readonly Example[]> {
  const text = plainPrompt(prompt);
  const [onlyName, ...others] = knownNames;
  const pairs = onlyName !== undefined && others.length === 0 ? findInputOutputExamples(text, onlyName) : [];
  const stated = [...findDoctestExamples(text), ...findInlineExamples(text), ...pairs];
  const wanted = new Set([...namesInPrompt(text), ...knownNames]);
  const checked = await Promise.all(stated.map((example) => checkExample(language, example, wanted)));
  return dropContradictions(checked.filter((example) => example !== undefined));
}

async function checkExample(
  language: RunnableLanguage,
  stated: StatedExample,
  wanted: ReadonlySet<string>,
): Promise<Example | undefined> {
  const call = await parseExpression(language, stated.call.trim());
  const expected = await checkExpected(language, stated.expected.trim());
  if (call === undefined || expected === undefined || !isClosed(language, call.node)) return undefined;
  const { builtins } = rulesFor(language);
  // Where the prompt names what it wants, a call of something else shows another function or a slip of the pen.
  const callsTheProgram = calledNames(call.node).some((name) =>
    wanted.size === 0 ? !builtins.has(name) : wanted.has(name),
  );
  return callsTheProgram ? { call: withOwnConstants(language, call), expected, source: 'user' } : undefined;
}

async function checkExpected(language: RunnableLanguage, text: string): Promise<string | undefined> {
  if (/^raises [A-Za-z_][\w.]*$/.test(text)) return text;
  if (ERROR_NAME.test(text)) return `raises ${text}`;
  if (NAME.test(text) && !NAMED_VALUES.has(text)) return undefined;
  const expression = await parseExpression(language, text);
  return expression !== undefined && isClosed(language, expression.node)
    ? withOwnConstants(language, expression)
    : undefined;
}

/** The same call with two outcomes proves nothing, so neither is kept. */
function dropContradictions(examples: readonly Example[]): readonly Example[] {
  const byCall = new Map<string, Example[]>();
  for (const example of examples) byCall.set(example.call, [...(byCall.get(example.call) ?? []), example]);
  return [...byCall.values()].flatMap((same) => {
    const [first] = same;
    return first !== undefined && same.every((each) => each.expected === first.expected) ? [first] : [];
  });
}
