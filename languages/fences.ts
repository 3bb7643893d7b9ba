/** A fenced block of an answer. */
export interface FencedBlock {
  /** What stands behind the opening fence. */
  readonly info: string;
  /** The line of text before the fence, blank lines left out. */
  readonly lead: string;
  readonly content: string;
  readonly closed: boolean;
}

/** True when a text is whole source code; decides which of several fence lines ends a block. */
export type IsWhole = (content: string, info: string) => Promise<boolean>;

const FENCE = /^([ \t>]*)(`{3,}|~{3,})[ \t]*([^`]*?)[ \t]*$/;
/** Wrappers around a whole answer; their fences count by themselves. */
const WRAPPER = /^(?:md|markdown|mdx)$/i;
/** No answer has more; the rest of a runaway answer repeats itself. */
const MAX_FENCE_LINES = 200;
/** More fence lines inside one block are no longer nesting. */
const MAX_ENDS_TRIED = 12;

interface FenceLine {
  readonly index: number;
  readonly indent: string;
  readonly mark: string;
  readonly info: string;
}

/**
 * The fenced blocks of a text. A fence line inside a block (in a docstring, say) does not end it: of all lines that could
 * end a block, the first after which the content is whole ends it; where none is whole, the first bare one.
 */
export async function findFencedBlocks(text: string, isWhole: IsWhole): Promise<readonly FencedBlock[]> {
  const allLines = text.split('\n');
  const allFences = allLines.flatMap((line, index) => readFence(line, index));
  const lines = allLines.slice(0, allFences[MAX_FENCE_LINES]?.index);
  const fences = allFences.slice(0, MAX_FENCE_LINES).filter(({ info }) => !WRAPPER.test(info));
  const blocks: FencedBlock[] = [];
  for (let at = 0; at < fences.length;) {
    const open = fences[at] as FenceLine;
    const end = await findEnd(lines, fences, at, isWhole);
    const content = contentBetween(lines, open, end?.index ?? lines.length);
    if (content.trim() !== '') {
      blocks.push({ info: open.info, lead: leadOf(lines, open.index), content, closed: end?.info === '' });
    }
    // A fence with an info string that ends a block opens the next one.
    at = end === undefined ? fences.length : fences.indexOf(end) + (end.info === '' ? 1 : 0);
  }
  return blocks;
}

function readFence(line: string, index: number): readonly FenceLine[] {
  const match = FENCE.exec(line);
  return match === null ? [] : [{ index, indent: match[1] ?? '', mark: match[2] ?? '', info: match[3] ?? '' }];
}

async function findEnd(
  lines: readonly string[],
  fences: readonly FenceLine[],
  at: number,
  isWhole: IsWhole,
): Promise<FenceLine | undefined> {
  const open = fences[at] as FenceLine;
  const ends = fences.slice(at + 1).filter((fence) => fence.mark.startsWith(open.mark));
  for (const end of ends.slice(0, MAX_ENDS_TRIED)) {
    if (await isWhole(contentBetween(lines, open, end.index), open.info)) return end;
  }
  // Nothing is whole: with no bare fence the block was never closed.
  return ends.find((fence) => fence.info === '') ?? ends[0];
}

function contentBetween(lines: readonly string[], open: FenceLine, end: number): string {
  const inside = lines.slice(open.index + 1, end);
  const stripped = inside.map((line) => (line.startsWith(open.indent) ? line.slice(open.indent.length) : line));
  return stripped.join('\n');
}

function leadOf(lines: readonly string[], index: number): string {
  return (
    lines
      .slice(0, index)
      .findLast((line) => line.trim() !== '')
      ?.trim() ?? ''
  );
}
