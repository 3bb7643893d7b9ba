/** Whole lines of a file, few enough for one request. */
export interface Piece {
  readonly text: string;
  /** The number that its first line has in the file; the first one is 1. */
  readonly firstLine: number;
}

// Half of what the service has to take in within its 30 s for a body, at 50 ms a line.
const MOST_LINES = 300;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** Cuts a file of lines into pieces, as it is read. */
export async function* readPieces(source: AsyncIterable<unknown>): AsyncGenerator<Piece> {
  let lines: string[] = [];
  let characters = 0;
  let firstLine = 1;
  for await (const line of readLines(source)) {
    lines.push(line);
    characters += line.length;
    if (lines.length < MOST_LINES && characters < MOST_CHARACTERS) continue;
    yield { text: lines.join(''), firstLine };
    firstLine += lines.length;
    [lines, characters] = [[], 0];
  }
  if (lines.length > 0) yield { text: lines.join(''), firstLine };
}

/** Each with its end; the last one may have none. */
async function* readLines(source: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of source) {
    const [first = '', ...others] = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n');
    rest += first;
    for (const line of others) {
      yield `${rest}\n`;
      rest = line;
    }
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
