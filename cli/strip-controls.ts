/** Text without the characters by which it could steer a terminal, such as those that begin an escape sequence. Line ends and tabs stay. */
export function stripControls(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '');
}
