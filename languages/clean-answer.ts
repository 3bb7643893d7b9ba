/** Longer answers are cut: no model of ours writes so much, and every step after this reads the whole text. */
const MAX_ANSWER_LENGTH = 1_000_000;
const THINKING = /^[ \t]*<(think|thinking|thought|reasoning|reflection)>[\s\S]*?<\/\1>/gim;
const THINKING_WITHOUT_START =
  /^(?:(?!<(?:think|thinking|thought|reasoning)>)[\s\S])*?<\/(?:think|thinking|thought|reasoning)>/i;
const THINKING_WITHOUT_END = /^[ \t]*<(?:think|thinking|thought|reasoning)>[\s\S]*$/im;
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
  return text
    .replaceAll(THINKING, '')
    .replace(THINKING_WITHOUT_START, '')
    .replace(THINKING_WITHOUT_END, '')
    .replaceAll(TEMPLATE_MARK, '');
}
