/** Longer answers are cut: it is about 75,000 tokens, more than any model of ours writes. */
const MAX_ANSWER_LENGTH = 300_000;
const THINKING_START = /^[ \t]*<(think|thinking|thought|reasoning|reflection)>/im;
const THINKING_END = /<\/(?:think|thinking|thought|reasoning|reflection)>/i;
/** Marks of chat templates that some models let slip into the text. */
const TEMPLATE_MARK = /<\|[a-z_]+\|>|<[|｜][^>\n]{1,40}[|｜]>|\[\/?INST\]|<<\/?SYS>>|^<\/s>$|<\/s>\s*$/gm;

/** The answer without thinking, template marks, and characters that no source file holds. */
export function cleanAnswer(answer: string): string {
  const text = answer
    .slice(0, MAX_ANSWER_LENGTH)
    .replaceAll(/\r\n?/g, '\n')
    // NUL and control characters break parsers and file systems; U+FEFF is a byte order mark.
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFEFF]/g, '');
  return withoutThinking(text).replaceAll(TEMPLATE_MARK, '');
}

/** Thinking may lack its start, which some chat templates swallow, or its end, when the model ran out of tokens. */
function withoutThinking(text: string): string {
  let rest = text;
  let spoken = '';
  for (;;) {
    const start = THINKING_START.exec(rest);
    const end = THINKING_END.exec(rest);
    if (end !== null && (start === null || end.index < start.index)) {
      // All before an end without a start was thought as well.
      spoken = '';
      rest = rest.slice(end.index + end[0].length);
    } else if (start === null) return spoken + rest;
    else if (end === null) return spoken + rest.slice(0, start.index);
    else {
      spoken += rest.slice(0, start.index);
      rest = rest.slice(end.index + end[0].length);
    }
  }
}
