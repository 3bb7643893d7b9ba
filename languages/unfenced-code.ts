import type { Language } from '../domain/language.ts';
import { stripConsolePrompts } from './console-transcript.ts';
import { parseSource } from './parse.ts';

/** Lines that begin code at the left margin in one of our languages. */
const CODE_LINE =
  /^(?:#!|@\w|(?:async\s+)?def\s+\w+|class\s+\w+|from\s+[\w.]+\s+import\b|import\s+[\w.{*"']|export\b|(?:async\s+)?function\b|(?:const|let|var)\s+[\w{[]|interface\s+\w+|type\s+\w+\s*[=<]|package\s+\w+|func\s|fn\s|pub\s|use\s+\w+|#include\b|using\s+\w|public\s|<\?php|"""|'''|\/\*\*?|\/\/\s|# |[A-Za-z_]\w*\s*=[^=]|[A-Za-z_][\w.]*\(.*\);?$|if __name__)/;
/** Prose at the left margin: a capital, several words, an end of sentence. */
const PROSE_LINE = /^(?:[A-Z*>-][^=(){};]*\s+\S+.*|[-*]\s.+|\d+\.\s.+|#{2,}\s.+)$/;
/** Longer trailing talk is found in steps of one line each. */
const MAX_CUTS = 40;

/** Code of an answer without any fence: the whole of it, or the lines between the talk. Undefined when there is none. */
export async function findUnfencedCode(text: string, language: Language): Promise<string | undefined> {
  const whole = stripConsolePrompts(text);
  if (looksLikeCode(whole) && (await parses(language, whole))) return tidy(whole);
  const lines = whole.split('\n');
  const start = lines.findIndex((line) => CODE_LINE.test(line) && !isSentence(line));
  if (start === -1) return undefined;
  const code = lines.slice(start);
  for (const end of possibleEnds(code)) {
    const part = code.slice(0, end).join('\n');
    if (looksLikeCode(part) && (await parses(language, part))) return tidy(part);
  }
  return looksLikeCode(code.join('\n')) ? tidy(code.join('\n')) : undefined;
}

/** Cuts from the longest down, each before a line that reads as prose. */
function possibleEnds(lines: readonly string[]): readonly number[] {
  const prose = lines.flatMap((line, index) => (index > 0 && PROSE_LINE.test(line) ? [index] : []));
  return [lines.length, ...prose.toReversed()].slice(0, MAX_CUTS);
}

function isSentence(line: string): boolean {
  return (
    /^(?:import|export|from|class|type|use|public)\s/.test(line) &&
    /[.:]\s*$/.test(line) &&
    !/[({=]/.test(line) &&
    line.split(' ').length > 5
  );
}

function looksLikeCode(text: string): boolean {
  return text.split('\n').some((line) => CODE_LINE.test(line.trim()) && /[=(){}:;<>]|\bimport\b/.test(line));
}

async function parses(language: Language, text: string): Promise<boolean> {
  return (await parseSource(language, text)).length === 0;
}

function tidy(text: string): string {
  return `${text.replace(/^(?:[ \t]*\n)+/, '').trimEnd()}\n`;
}
