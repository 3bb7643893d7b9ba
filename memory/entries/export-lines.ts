import type { KeptEntry } from '../../domain/memory-entry.ts';

/** Line ends of Unicode, which JSON lets stand and many readers of lines, that of Node.js too, take for the end of one. */
const LINE_ENDS = /[\u2028\u2029]/g;

/** Entries as JSON Lines: one entry a line, each with its line end. `importLines` reads them. */
export async function* exportLines(entries: AsyncIterable<KeptEntry>): AsyncGenerator<string, void> {
  for await (const entry of entries) yield `${JSON.stringify(entry).replaceAll(LINE_ENDS, escape)}\n`;
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}
