import { addWork, speedOf, type Tally } from './model-record.ts';

/** The speed of reading prompts, and how many in a row the host seems to have known. */
export interface PromptRate {
  readonly prompt?: Tally | undefined;
  readonly cachedPrompts: number;
}

/** A known prefix makes a prompt many times faster; load on the host seldom makes it three times slower. */
const CACHED_FACTOR = 3;
/** The fixed effort of short prompts hides how fast they are read. */
const TELLING_TOKENS = 128;
/** After so many, the host is taken to be faster; as many as it takes an old sample to lose half its weight. */
const CACHED_UNTIL_FASTER = 20;

/**
 * Learns from one prompt. Hosts count the tokens that they found in their cache with those that they read, so a known prompt
 * looks like a fast one; it teaches nothing of prompts that are new. A much slower prompt shows that those before were
 * known, or that the host has become slower: what was learned is dropped for it.
 */
export function learnPromptRate(known: PromptRate, tokens: number, durationMs: number, nowMs: number): PromptRate {
  const speed = (tokens * 1000) / durationMs;
  const usual = speedOf(known.prompt);
  if (usual === null || tokens < TELLING_TOKENS || !(durationMs > 0)) {
    return { ...known, prompt: addWork(known.prompt, tokens, durationMs, nowMs) };
  }
  const isCached = speed > usual * CACHED_FACTOR;
  if (isCached && known.cachedPrompts + 1 < CACHED_UNTIL_FASTER) {
    return { ...known, cachedPrompts: known.cachedPrompts + 1 };
  }
  const startsAnew = isCached || speed * CACHED_FACTOR < usual;
  const prompt = addWork(startsAnew ? undefined : known.prompt, tokens, durationMs, nowMs);
  return { prompt, cachedPrompts: 0 };
}
