import type { RunnableLanguage } from '../domain/language.ts';
import { readExpression } from './expression.ts';
import { rulesFor } from './rules-for.ts';
import type { StatedExample } from './stated-example.ts';
import { walkSyntax } from './syntax.ts';

/** Why an example that somebody stated on purpose can never be run. */
export interface ExampleProblem {
  readonly field: keyof StatedExample;
  readonly problem: 'no_expression' | 'names_nothing' | 'no_value';
}

/** `raises ValueError`, and what people write for it. */
const RAISED = /^(?:raises|throws)\s+[\w.]+/;

/** What is wrong with an example, by its grammar alone; an example found in a prompt is held to stricter rules. */
export async function checkStatedExample(
  language: RunnableLanguage,
  { call, expected }: StatedExample,
): Promise<readonly ExampleProblem[]> {
  const problems = await Promise.all([checkCall(language, call), checkExpected(language, expected)]);
  return problems.filter((problem) => problem !== undefined);
}

async function checkCall(language: RunnableLanguage, call: string): Promise<ExampleProblem | undefined> {
  const expression = await readExpression(language, call);
  if (expression === undefined) return { field: 'call', problem: 'no_expression' };
  const namesSomething = [...walkSyntax(expression.node)].some(({ type }) => type === 'identifier');
  return namesSomething ? undefined : { field: 'call', problem: 'names_nothing' };
}

/** A lone name is no value: what is expected is evaluated without the program. Mostly a text without its quotes. */
async function checkExpected(language: RunnableLanguage, expected: string): Promise<ExampleProblem | undefined> {
  if (RAISED.test(expected)) return undefined;
  const expression = await readExpression(language, expected);
  const isUnknownName =
    expression?.node.type === 'identifier' && !rulesFor(language).builtins.has(expression.node.text);
  return expression === undefined || isUnknownName ? { field: 'expected', problem: 'no_value' } : undefined;
}
