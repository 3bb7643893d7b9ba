import { endOfValue, splitArguments } from './scan-text.ts';
import type { StatedExample } from './stated-example.ts';

const PAIR =
  /^[ \t>*-]*\**(?:sample |example )?input\**(?: ?\d+)?\s*:\**[ \t]*\n?(?<input>[\s\S]{1,2000}?)\n[ \t>*-]*\**(?:sample |expected |example )?output\**(?: ?\d+)?\s*:\**[ \t]*\n?(?<output>[^\n]+(?:\n[^\n]+)?)/gim;

/** `Input:`/`Output:` pairs as calls of the one function that they can only mean. */
export function findInputOutputExamples(prompt: string, functionName: string): readonly StatedExample[] {
  const text = prompt.replaceAll(/^[ \t]*(?:```|~~~)\w*[ \t]*\n/gm, '');
  return [...text.matchAll(PAIR)].flatMap((match) => {
    const values = readInput(unwrap(match.groups?.['input'] ?? ''));
    const output = unwrap(match.groups?.['output'] ?? '').trimStart();
    const end = endOfValue(output, 0);
    if (values === undefined || end === undefined || !/^\s*(?:$|\n|#|\/\/|\()/.test(output.slice(end))) return [];
    return [{ call: `${functionName}(${values.join(', ')})`, expected: output.slice(0, end) }];
  });
}

function unwrap(text: string): string {
  return text.replaceAll('`', '').trim();
}

/** `nums = [2, 7], target = 9` and `[2, 7], 9` are both the arguments in order. */
function readInput(text: string): readonly string[] | undefined {
  const values = splitArguments(text.replaceAll('\n', ', ').replaceAll(/,\s*,/g, ',')).map((part) =>
    part.replace(/^[A-Za-z_]\w*\s*[=:](?!=)\s*/, ''),
  );
  return values.length > 0 && values.every((value) => endOfValue(value, 0) === value.length) ? values : undefined;
}
