import type { Parameter } from './outline.ts';

/** Why calls by the wanted parameters would not fit the actual ones; undefined when they fit or nothing is known. */
export function compareParameters(
  name: string,
  wanted: readonly Parameter[] | null,
  actual: readonly Parameter[] | null,
): string | undefined {
  if (wanted === null || actual === null) return undefined;
  const takes = positional(actual);
  const passed = positional(wanted);
  const isOpen = actual.some((parameter) => parameter.variadic);
  if (passed.length > takes.length && !isOpen) {
    return `"${name}" takes ${count(takes.length)} but must take ${count(passed.length)}.`;
  }
  const needed = takes.filter((parameter) => !parameter.optional).length;
  const certain = passed.filter((parameter) => !parameter.optional).length;
  const isWantedOpen = wanted.some((parameter) => parameter.variadic);
  if (needed > certain && !isWantedOpen) {
    return `"${name}" needs ${count(needed)} but is called with ${certain === 0 ? 'none' : certain}.`;
  }
  return keywordProblem(name, wanted, actual);
}

function positional(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.filter((parameter) => !parameter.variadic && !parameter.keywordOnly);
}

function count(number: number): string {
  return `${number} parameter${number === 1 ? '' : 's'}`;
}

function keywordProblem(name: string, wanted: readonly Parameter[], actual: readonly Parameter[]): string | undefined {
  if (actual.some((parameter) => parameter.variadic && parameter.keywordOnly)) return undefined;
  const lacking = wanted.find(
    (each) => each.keywordOnly && !each.variadic && actual.every((own) => own.name !== each.name),
  );
  return lacking === undefined ? undefined : `"${name}" has no parameter named "${lacking.name}".`;
}
