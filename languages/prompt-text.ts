/** Longer prompts are read from their start only: what is asked for stands there, and what follows is data. */
const MAX_LENGTH = 50_000;

/** A prompt as the readers in this folder want it: bounded, with plain line ends and plain quotes. */
export function plainPrompt(prompt: string): string {
  return prompt.slice(0, MAX_LENGTH).replaceAll('\r\n', '\n').replaceAll(/[“”]/g, '"').replaceAll(/[‘’]/g, "'");
}
