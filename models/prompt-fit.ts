/** Characters per token: prose and code of current tokenizers are near 4. */
const USUAL_CHARACTERS_PER_TOKEN = 4;
/** Below this share of the window nothing is dropped, whatever our estimate says. */
const NEAR_WINDOW = 0.75;
/** Less than this share of the estimate cannot be an error of the estimate. */
const FAR_BELOW = 0.5;

/** The usual number of tokens in a text; wrong by up to a factor of two. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / USUAL_CHARACTERS_PER_TOKEN);
}

/**
 * True when the host cannot have read the whole prompt. An Ollama host drops the front of a prompt that does not fit and
 * says nothing but the number of tokens that it read. The rule blames it only when it must be so:
 * 1. it read as many tokens as the window has, so nothing was left for an answer, or
 * 2. by our estimate the prompt fills three quarters of the window or more, and it read less than half the estimate.
 * A count of 0 or none is never blamed: hosts before 0.4 leave cached tokens out of the count.
 */
export function promptWasCut(sentCharacters: number, readTokens: number, contextTokens: number): boolean {
  if (readTokens <= 0) return false;
  if (readTokens >= contextTokens) return true;
  const estimate = estimateTokens(sentCharacters);
  return estimate >= contextTokens * NEAR_WINDOW && readTokens < estimate * FAR_BELOW;
}
