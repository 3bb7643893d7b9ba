import { isRunnable, RUNNABLE_LANGUAGES } from '../domain/language.ts';
import type { RunnableLanguage } from '../domain/language.ts';
import type { Example, SynthesisRequest } from '../domain/request.ts';
import { checkStatedExample } from '../languages/check-stated-example.ts';
import type { ExampleProblem } from '../languages/check-stated-example.ts';
import { detectLanguage } from '../languages/detect-language.ts';
import { shortenValue } from './describe-issues.ts';
import type { FieldError } from './describe-issues.ts';

/**
 * What is wrong with the examples of a request, which would otherwise be found out after the models have worked. Where the
 * request names no language, an example has to fit one of those that are run.
 */
export async function checkExamples(
  request: Pick<SynthesisRequest, 'prompt' | 'language' | 'examples'>,
): Promise<readonly FieldError[]> {
  if (request.examples.length === 0) return [];
  const named = request.language ?? detectLanguage(request.prompt);
  if (named !== undefined && !isRunnable(named)) return [];
  const languages = named === undefined ? RUNNABLE_LANGUAGES : [named];
  const checked = request.examples.map((example, index) => checkExample(example, index, languages));
  return (await Promise.all(checked)).flat();
}

async function checkExample(
  example: Example,
  index: number,
  languages: readonly RunnableLanguage[],
): Promise<readonly FieldError[]> {
  const found = await Promise.all(languages.map((language) => checkStatedExample(language, example)));
  const fewest = found.toSorted((one, other) => one.length - other.length)[0] ?? [];
  const inLanguage = `in ${languages.join(' or ')}`;
  return fewest.map(({ field, problem }) => ({
    field: `examples[${index}].${field}`,
    rule: describeRule(problem, inLanguage),
    value: shortenValue(example[field]),
  }));
}

function describeRule(problem: ExampleProblem['problem'], inLanguage: string): string {
  switch (problem) {
    case 'no_expression':
      return `must be one expression ${inLanguage}, such as fib(10)`;
    case 'names_nothing':
      return 'must call something of the program, such as fib(10)';
    case 'no_value':
      return `must be a value ${inLanguage}, such as 55 or "text", or an error, such as raises ValueError`;
    default:
      return problem satisfies never;
  }
}
