import type { FoundEntry } from '../../memory/entry-ports.ts';
import { readSearchWords } from '../../memory/search-words.ts';

/**
 * A search always finds something; this says whether it is worth showing. Half of the telling words of the shorter text are the
 * same, or the vectors lie close: what is only distantly alike costs tokens and misleads small models.
 */
export function isSimilar(text: string, { entry, distance }: FoundEntry): boolean {
  if (distance !== null && distance <= CLOSE) return true;
  return shareOfWords(text, entry.text) >= 0.5;
}

/** Cosine distance. A guess: no embedding model has been measured with requests for code yet. */
const CLOSE = 0.3;

/** Share of the telling words of the text with fewer of them that are in the other. */
function shareOfWords(left: string, right: string): number {
  const [few, many] = [tellingWords(left), tellingWords(right)].sort((a, b) => a.size - b.size);
  if (!few || !many || few.size === 0) return 0;
  return [...few].filter((word) => many.has(word)).length / few.size;
}

function tellingWords(text: string): ReadonlySet<string> {
  return new Set(readSearchWords(text).filter((word) => word.length > 1 && !COMMON.has(word)));
}

/** Words that requests for code share whatever they ask for. */
const COMMON: ReadonlySet<string> = new Set(
  (
    'write create make build implement give me code function method class module program script named called return ' +
    'returns take takes given def async await export const let var none null any int str float bool list dict string ' +
    'number boolean array object python typescript javascript node js ts'
  ).split(' '),
);
