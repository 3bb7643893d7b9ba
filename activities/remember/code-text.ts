import type { Program } from '../../domain/program.ts';

/** A program as one text: its file, or its files one after another, each below its name. */
export function codeText({ files }: Pick<Program, 'files'>): string {
  const [only] = files;
  if (only && files.length === 1) return only.content.trimEnd();
  return files.map(({ path, content }) => `==> ${path} <==\n${content.trimEnd()}`).join('\n\n');
}

/** The lines of a code that say something, in the one form in which two codes are compared. */
export function tellingLines(code: string): readonly string[] {
  const lines = code.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
  return lines.filter((line) => line !== '' && !COMMENT.test(line));
}

/** A line that is nothing but a comment. */
const COMMENT = /^(?:#|\/\/|\/\*|\*)/;

/** True when nine in ten lines of the longer code are in the other, too: a copy with a word changed is no second work. */
export function isNearCopy(left: string, right: string): boolean {
  const [few, many] = [tellingLines(left), tellingLines(right)].sort((a, b) => a.length - b.length);
  if (!few || !many) return false;
  const unmatched = [...few];
  const shared = many.filter((line) => {
    const index = unmatched.indexOf(line);
    if (index >= 0) unmatched.splice(index, 1);
    return index >= 0;
  });
  return shared.length >= many.length * 0.9;
}
