import type { EntryId } from '../../domain/ids.ts';
import { hashText } from '../../memory/content-hash.ts';
import { createRandom } from '../../languages/seeded-random.ts';

/** As many numbers as mxbai-embed-large gives. */
export const VECTOR_LENGTH = 1024;
/** Requests of one kind are neighbours: as many kinds as one in a hundred of the entries. */
const ENTRIES_PER_KIND = 100;
/** How far an entry lies from the middle of its kind; of the same size as the numbers of that middle. */
const SPREAD = 0.7;

/**
 * Made vectors, since no real embedding model can be had: middles of kinds by chance, and entries around them, so that some are
 * neighbours as those of real texts are. Determinism: seed and index give the same vector.
 */
export function makeVector(seed: number, index: number, count: number): Float32Array {
  const kinds = Math.max(1, Math.floor(count / ENTRIES_PER_KIND));
  const middle = noise(seed + (index % kinds));
  const own = noise(seed + 1_000_000 + index);
  return middle.map((value, place) => value + SPREAD * (own[place] ?? 0));
}

/** A question beside an entry: close to it, and the same as none. */
export function makeQuestion(seed: number, index: number, count: number): Float32Array {
  const own = noise(seed + 5_000_000 + index);
  return makeVector(seed, index, count).map((value, place) => value + 0.3 * (own[place] ?? 0));
}

export function makeVectorId(index: number): EntryId {
  return hashText(`vector ${index}`) as string as EntryId;
}

function noise(seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: VECTOR_LENGTH }, () => random(2001) / 1000 - 1);
}
