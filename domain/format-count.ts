/** A number with its noun, such as `1 model`, `2 models` or, with a plural of its own, `2 entries`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
