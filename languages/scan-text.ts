/** Closing bracket of each opening one. */
const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
/** No example is longer; keeps a stray bracket from reading the whole prompt. */
const MAX_SCAN = 5_000;

/** End of the bracket group or string that starts at `start`, after its last character; undefined when it never ends. */
export function endOfGroup(text: string, start: number): number | undefined {
  const first = text[start] ?? '';
  if (/['"`]/.test(first)) return endOfString(text, start);
  if (PAIRS[first] === undefined) return undefined;
  const closing: string[] = [];
  for (let at = start; at < Math.min(text.length, start + MAX_SCAN); at += 1) {
    const char = text[at] ?? '';
    const close = PAIRS[char];
    if (close !== undefined) closing.push(close);
    else if (/['"]/.test(char)) at = (endOfString(text, at) ?? text.length) - 1;
    else if (')]}'.includes(char) && closing.pop() !== char) return undefined;
    if (closing.length === 0) return at + 1;
  }
  return undefined;
}

function endOfString(text: string, start: number): number | undefined {
  const quote = text[start] ?? '';
  const triple = quote !== '`' && text.startsWith(quote.repeat(3), start);
  const close = triple ? quote.repeat(3) : quote;
  for (let at = start + close.length; at < Math.min(text.length, start + MAX_SCAN); at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text.startsWith(close, at)) return at + close.length;
    else if (text[at] === '\n' && !triple && quote !== '`') return undefined;
  }
  return undefined;
}

/**
 * End of the value that starts at `start`: a literal, a bracket group or a name, with the calls, indexes and attributes
 * behind it. Undefined when no value starts there.
 */
export function endOfValue(text: string, start: number): number | undefined {
  const head =
    /^(?:new\s+)?(?:[-+]?(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d+(?:[eE][-+]?\d+)?)(?:n\b|j\b)?|[-+]?[A-Za-z_$][\w$]*)/;
  const prefix = /^[rbfuRBFU]{1,2}(?=['"])/.exec(text.slice(start, start + 3))?.[0].length ?? 0;
  const group = endOfGroup(text, start + prefix);
  const word = head.exec(text.slice(start, start + 200))?.[0];
  let end = group ?? (word === undefined ? undefined : start + word.length);
  while (end !== undefined) {
    const attribute = /^\.[A-Za-z_$][\w$]*(?=[([.])/.exec(text.slice(end, end + 80))?.[0];
    const next: number | undefined = attribute === undefined ? endOfTrailer(text, end) : end + attribute.length;
    if (next === undefined) return end;
    end = next;
  }
  return end;
}

function endOfTrailer(text: string, at: number): number | undefined {
  return text[at] === '(' || text[at] === '[' ? endOfGroup(text, at) : undefined;
}

/** Splits the inside of a bracket group at its own commas. */
export function splitArguments(inside: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < inside.length; at += 1) {
    const char = inside[at] ?? '';
    if (char === ',') {
      parts.push(inside.slice(from, at).trim());
      from = at + 1;
    } else if (/['"`([{]/.test(char)) at = (endOfGroup(inside, at) ?? inside.length) - 1;
  }
  const last = inside.slice(from).trim();
  return last === '' ? parts : [...parts, last];
}
