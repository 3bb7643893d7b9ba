import type { KeptEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../content-hash.ts';
import { parseEntry } from '../entry-schema.ts';

/** A line that is no entry. */
interface LineProblem {
  /** The first line is 1. */
  readonly line: number;
  readonly problem: string;
}

/** What became of the lines. */
export interface ImportedLines {
  readonly adopted: number;
  /** Left out: what is here is as new. */
  readonly known: number;
  readonly problems: readonly LineProblem[];
}

/**
 * Takes in what `exportLines` wrote. A bad line changes nothing and is told; the others are taken in all the same. Empty lines
 * count and say nothing. Errors: those of `adopt`; what came before is then in, and importing again does the rest.
 */
export async function importLines(
  lines: AsyncIterable<string>,
  adopt: (entry: KeptEntry) => Promise<boolean>,
): Promise<ImportedLines> {
  const counts = { adopted: 0, known: 0 };
  const problems: LineProblem[] = [];
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const reading = readLine(text);
    if ('problem' in reading) problems.push({ line, ...reading });
    else counts[(await adopt(reading.entry)) ? 'adopted' : 'known'] += 1;
  }
  return { ...counts, problems };
}

function readLine(text: string): { readonly entry: KeptEntry } | { readonly problem: string } {
  const reading = parseEntry(parseJson(text));
  if ('problem' in reading) return reading;
  const { entry } = reading;
  if (entry.isDeleted) return { problem: 'isDeleted: a deleted entry is not taken in' };
  if (!hasTrueTexts(entry)) return { problem: 'value.texts: a text is not the one that its hash stands for' };
  return { entry };
}

/** Undefined, which is no entry, for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasTrueTexts({ value }: KeptEntry): boolean {
  if (value.kind !== 'answer') return true;
  return Object.entries(value.texts).every(([hash, text]) => hashText(text) === hash);
}
