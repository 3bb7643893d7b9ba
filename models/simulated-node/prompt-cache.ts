/** What the slots of a model have read: a prompt that begins like the one before is read only from where it differs. */
export interface PromptCache {
  /** The one of these slots whose last prompt has most in common with this one. */
  pick(free: readonly number[], prompt: string): number;
  /** The slot reads the prompt. Returns how many of its characters it had read before. */
  read(slot: number, prompt: string): number;
}

export function createPromptCache(): PromptCache {
  const prompts = new Map<number, string>();
  const known = (slot: number, prompt: string): number => commonLength(prompts.get(slot) ?? '', prompt);
  return {
    pick(free, prompt) {
      return free.reduce((best, slot) => (known(slot, prompt) > known(best, prompt) ? slot : best));
    },
    read(slot, prompt) {
      const length = known(slot, prompt);
      prompts.set(slot, prompt);
      return length;
    },
  };
}

/** For a node that reads every prompt anew. */
export function createNoPromptCache(): PromptCache {
  return { pick: ([first = 0]) => first, read: () => 0 };
}

function commonLength(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  let length = 0;
  while (length < shorter && left.charCodeAt(length) === right.charCodeAt(length)) length += 1;
  return length;
}
