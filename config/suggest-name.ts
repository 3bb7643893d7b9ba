import { closest, distance } from 'fastest-levenshtein';

/** `; did you mean X?` where a known name differs in less than a third of the letters; else nothing. */
export function suggestName(name: string, known: readonly string[]): string {
  const best = closest(name, [...known]);
  return distance(name, best) <= name.length / 3 ? `; did you mean ${best}?` : '';
}
