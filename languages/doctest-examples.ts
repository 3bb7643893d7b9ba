import type { StatedExample } from './stated-example.ts';

const PROMPT = /^\s*(?:\*\s*)?>>>\s?(.*)$/;
const CONTINUATION = /^\s*(?:\*\s*)?\.\.\.\s?(.*)$/;
/** What ends the expected output besides an empty line: the end of a docstring, comment or fence. */
const END = /^\s*(?:"""|'''|```|~~~|\*\/|\*?\s*$)/;

/** Calls after `>>>` with what is printed below them. */
export function findDoctestExamples(prompt: string): readonly StatedExample[] {
  const lines = prompt.split('\n');
  const examples: StatedExample[] = [];
  let at = 0;
  while (at < lines.length) {
    const start = PROMPT.exec(lines[at] ?? '');
    at += 1;
    if (start === null) continue;
    let call = start[1] ?? '';
    for (let more = CONTINUATION.exec(lines[at] ?? ''); more !== null; more = CONTINUATION.exec(lines[at] ?? '')) {
      call += `\n${more[1] ?? ''}`;
      at += 1;
    }
    const output = readOutput(lines, at);
    examples.push({ call: stripComment(call), expected: expectedOf(output.text) });
    at = output.next;
  }
  return examples;
}

function readOutput(lines: readonly string[], from: number): { readonly text: string; readonly next: number } {
  // Some prompts write the result after a second `>>>`.
  const promptedValue = PROMPT.exec(lines[from] ?? '')?.[1];
  if (promptedValue !== undefined && !/\w\s*\(/.test(promptedValue)) return { text: promptedValue, next: from + 1 };
  let next = from;
  while (next < lines.length && !END.test(lines[next] ?? '') && !PROMPT.test(lines[next] ?? '')) next += 1;
  const text = lines.slice(from, next).map((line) => line.replace(/^\s*\*\s/, ''));
  return { text: text.join('\n').trim(), next };
}

function expectedOf(output: string): string {
  if (!output.startsWith('Traceback')) return output.replace(/\s*(?:"""|''')$/, '');
  const last = output.split('\n').findLast((line) => /^\s*[A-Za-z_.]+(?::|$)/.test(line)) ?? '';
  return `raises ${last.trim().split(':')[0] ?? ''}`;
}

function stripComment(call: string): string {
  return call.replace(/\s+#(?=[^'"]*$).*$/, '').trim();
}
