const PROMPT = /^\s*(?:>>>|\.\.\.)(?: |$)/;

/** The code of a Python console transcript without prompts and printed results; other text comes back unchanged. */
export function stripConsolePrompts(content: string): string {
  const lines = content.split('\n');
  const first = lines.find((line) => line.trim() !== '');
  if (first === undefined || !/^\s*>>>(?: |$)/.test(first)) return content;
  const typed = lines.filter((line) => PROMPT.test(line));
  return typed.map((line) => line.replace(/^\s*(?:>>>|\.\.\.) ?/, '')).join('\n');
}
