/** Enough to tell one request from another: the first words of a text say most, and each costs time. */
const MAX_WORDS = 24;

/** Words of nearly every request: they find everything, and so nothing. */
const COMMON = new Set(
  `a an and are as at be but by can do does for from had has have how if in into is it its not of on or please should so that
  the their then there these they this to us was we what when where which while will with would you your`.split(/\s+/),
);

/**
 * What full-text search looks for: the words of a text, each once, in lower case, the first ones.
 * Letters, digits and marks only, so that nothing of a search engine's own language is left in them.
 */
export function readSearchWords(text: string): readonly string[] {
  const words = new Set(text.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu));
  const telling = [...words].filter((word) => !COMMON.has(word));
  return (telling.length > 0 ? telling : [...words]).slice(0, MAX_WORDS);
}
