/** Longer errors are repetitions and traces of libraries. */
const LONGEST = 1_500;

/**
 * The text of an error without what differs from one run to the next: folders, memory addresses, places in the file. The same
 * mistake in two programs then gives the same text.
 */
export function normaliseError(text: string): string {
  return text
    .replaceAll(/(?:file:\/\/)?(?:\b[A-Za-z]:)?(?<![\w.])(?:[\\/][\w.@+~-]+)+[\\/]([\w.-]+)/g, '$1')
    .replaceAll(/\b0x[0-9a-f]{4,}\b/gi, '0x…')
    .replaceAll(/\bline \d+/gi, 'line …')
    .replaceAll(/(?<=\.\w{1,4}):\d+(?::\d+)?/g, '')
    .replaceAll(/[ \t]+$/gm, '')
    .trim()
    .slice(0, LONGEST);
}
