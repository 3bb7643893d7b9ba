import type { KeptEntry } from '../../domain/memory-entry.ts';
import { hashText } from '../content-hash.ts';
import { HIGHEST_TAKEN_VERSION, parseEntry } from '../entry-schema.ts';
import { parseJson } from '../parse-json.ts';

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
  /** Lines that are no entry. */
  readonly refused: number;
  /** The first hundred of them. */
  readonly problems: readonly LineProblem[];
}

/** Somebody who gave the wrong file needs no more of them, and it may have millions. */
const PROBLEMS_TOLD = 100;

/**
 * Takes in what `exportLines` wrote. A bad line changes nothing and is told; the others are taken in all the same. Empty lines
 * count and say nothing. Errors: those of `adopt`; what came before is then in, and importing again does the rest.
 */
export async function importLines(
  lines: AsyncIterable<string>,
  adopt: (entry: KeptEntry) => Promise<boolean>,
): Promise<ImportedLines> {
  const counts = { adopted: 0, known: 0, refused: 0 };
  const problems: LineProblem[] = [];
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const reading = readLine(text);
    counts[await take(reading, adopt)] += 1;
    if ('problem' in reading && problems.length < PROBLEMS_TOLD) problems.push({ line, ...reading });
  }
  return { ...counts, problems };
}

type LineReading = { readonly entry: KeptEntry } | { readonly problem: string };

async function take(
  reading: LineReading,
  adopt: (entry: KeptEntry) => Promise<boolean>,
): Promise<'adopted' | 'known' | 'refused'> {
  if ('problem' in reading) return 'refused';
  return (await adopt(reading.entry)) ? 'adopted' : 'known';
}

function readLine(text: string): LineReading {
  const json = parseJson(text);
  if (json === undefined) return { problem: 'is not JSON' };
  const reading = parseEntry(json);
  if ('problem' in reading) return reading;
  const { entry } = reading;
  if (entry.version > HIGHEST_TAKEN_VERSION) return { problem: `version: must be at most ${HIGHEST_TAKEN_VERSION}` };
  if (entry.isDeleted) return { problem: 'isDeleted: a deleted entry is not taken in' };
  if (!hasTrueTexts(entry)) return { problem: 'value.texts: a text is not the one that its hash stands for' };
  return { entry };
}

function hasTrueTexts({ value }: KeptEntry): boolean {
  if (value.kind !== 'answer') return true;
  return Object.entries(value.texts).every(([hash, text]) => hashText(text) === hash);
}
