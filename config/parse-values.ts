import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** What a text was read as, or the rule that it breaks. */
export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly rule: string };

/** Reads one setting from its text. `folder` is what relative paths start from. */
export type ParseValue<Value> = (text: string, folder: string) => Parsed<Value>;

export function accepted<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

export function refused(rule: string): { readonly ok: false; readonly rule: string } {
  return { ok: false, rule };
}

/** Any text that is not empty. */
export function anyText(text: string): Parsed<string> {
  return accepted(text);
}

/** An absolute path; relative ones start at the project folder, `~` at the user's home. */
export function folderPath(text: string, folder: string): Parsed<string> {
  return accepted(toAbsolutePath(text, folder));
}

function toAbsolutePath(text: string, folder: string): string {
  return resolve(folder, text.replace(/^~(?=$|[/\\])/, homedir()));
}

/** An absolute path of a file that is there. */
export function existingFile(text: string, folder: string): Parsed<string> {
  const path = toAbsolutePath(text, folder);
  return existsSync(path) ? accepted(path) : refused('a file that exists');
}

/** A web address, without a trailing slash. */
export function httpUrl(text: string): Parsed<string> {
  return /^https?:\/\/[^/]+/.test(text) && URL.canParse(text)
    ? accepted(text.replace(/\/+$/, ''))
    : refused('an address such as https://mirror.example');
}

/** The same without a path: for servers whose own paths begin at the root. */
export function serverUrl(text: string): Parsed<string> {
  const url = httpUrl(text);
  return url.ok && new URL(url.value).pathname !== '/'
    ? refused('an address without a path, such as http://localhost:8000')
    : url;
}

/** A whole number within bounds, both included. */
export function wholeNumber(least: number, most: number): ParseValue<number> {
  const rule = `a whole number from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= least && value <= most ? accepted(value) : refused(rule);
  };
}

/** A decimal number within bounds, both included. */
export function decimalNumber(least: number, most: number): ParseValue<number> {
  const rule = `a number from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    return /^\d+(\.\d+)?$/.test(text) && value >= least && value <= most ? accepted(value) : refused(rule);
  };
}

/** A duration written in seconds, fractions allowed; its value is in milliseconds. */
export function seconds(least: number, most: number): ParseValue<number> {
  const parseSeconds = decimalNumber(least, most);
  return (text, folder) => {
    const parsed = parseSeconds(text, folder);
    return parsed.ok ? accepted(Math.round(parsed.value * 1000)) : refused(`${parsed.rule} (seconds)`);
  };
}

/** A size written in MiB; its value is in bytes. */
export function mebibytes(least: number, most: number): ParseValue<number> {
  const parseMebibytes = wholeNumber(least, most);
  return (text, folder) => {
    const parsed = parseMebibytes(text, folder);
    return parsed.ok ? accepted(parsed.value * 1024 * 1024) : refused(`${parsed.rule} (MiB)`);
  };
}

/** A TCP port. Port 0 is left out: nobody could be told where the service is. */
export const port = wholeNumber(1, 65_535);

/** TCP ports between commas, each once. */
export function ports(most: number): ParseValue<readonly number[]> {
  const rule = `up to ${most} ports from 1 to 65535 between commas`;
  return (text, folder) => {
    const list = commaList(text);
    const read = list.ok ? list.value.map((item) => port(item, folder)) : [];
    const values = [...new Set(read.flatMap((item) => (item.ok ? [item.value] : [])))];
    return values.length > 0 && values.length <= most && read.every((item) => item.ok)
      ? accepted(values)
      : refused(rule);
  };
}

/** `true` or `false`. */
export function trueOrFalse(text: string): Parsed<boolean> {
  return text === 'true' || text === 'false' ? accepted(text === 'true') : refused('true or false');
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ParseValue<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    return word === undefined ? refused(`one of ${words.join(', ')}`) : accepted(word);
  };
}

/** Items between commas; blanks around them do not count. */
export function commaList(text: string): Parsed<readonly string[]> {
  return accepted(
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
}

/** A model as Ollama names it, such as `qwen3:14b` or `hf.co/owner/name:tag`. */
export function modelName(text: string): Parsed<string> {
  return isModelName(text) ? accepted(text) : refused('a model name such as qwen3:14b');
}

/** Model names between commas. */
export function modelNames(text: string): Parsed<readonly string[]> {
  const list = commaList(text);
  return list.ok && list.value.every(isModelName) ? list : refused('model names between commas, such as a:1b, b:3b');
}

/** Model names between commas, or the word `none` for an empty list; null where nothing is said. */
export function fallbackModels(text: string): Parsed<readonly string[] | null> {
  if (text === '') return accepted(null);
  return text === 'none' ? accepted([]) : modelNames(text);
}

/** A host name or an IP address to listen on. */
export function hostName(text: string): Parsed<string> {
  return isHostName(text) ? accepted(text) : refused('a host name or an IP address');
}

/** Host names between commas. */
export function hostNames(text: string): Parsed<readonly string[]> {
  const list = commaList(text);
  return list.ok && list.value.every(isHostName) ? list : refused('host names between commas');
}

function isModelName(text: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*(:[\w.-]+)?$/.test(text);
}

function isHostName(text: string): boolean {
  return /^[\w.-]+$/.test(text) || /^[\da-f:.]+$/i.test(text);
}
