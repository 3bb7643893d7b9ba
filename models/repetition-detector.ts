/** The tail that is looked at: long enough that a table of equal rows in a real program does not fill it. */
const WINDOW_CHARACTERS = 4096;
/** Longest unit of a loop that is looked for; 16 repetitions of it fill the window. */
const MAX_PERIOD_CHARACTERS = WINDOW_CHARACTERS / 16;
/** The tail is looked at once per so many new characters, so that the cost per token stays small. */
const CHECK_EVERY_CHARACTERS = 512;
/** Models bound to a schema may write blanks for ever; no code is indented like this. */
const MAX_BLANKS = 1024;

/** Notices a model that says the same for ever. Returns true once the text has become a loop. */
export type RepetitionDetector = (piece: string) => boolean;

/** Watches one answer, or one block of thinking. Memory: one window. */
export function createRepetitionDetector(): RepetitionDetector {
  let tail = '';
  let unchecked = 0;
  return (piece) => {
    tail = (tail + piece).slice(-WINDOW_CHARACTERS);
    unchecked += piece.length;
    if (unchecked < CHECK_EVERY_CHARACTERS) return false;
    unchecked = 0;
    if (tail.length >= MAX_BLANKS && tail.slice(-MAX_BLANKS).trim() === '') return true;
    return tail.length === WINDOW_CHARACTERS && smallestPeriod(tail) <= MAX_PERIOD_CHARACTERS;
  };
}

/** Length of the shortest unit whose repetition gives the text (Knuth, Morris, Pratt: the failure function). */
function smallestPeriod(text: string): number {
  const border = new Int32Array(text.length);
  let matched = 0;
  for (let index = 1; index < text.length; index += 1) {
    while (matched > 0 && text[index] !== text[matched]) matched = border[matched - 1] ?? 0;
    if (text[index] === text[matched]) matched += 1;
    border[index] = matched;
  }
  return text.length - matched;
}
