import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { parse as parseYaml } from 'yaml';
import { toFileProblem } from './file-problems.ts';
import type { SettingProblem } from './setting-problem.ts';

/** Text by name. An empty text means "not set", as in `HYDRA_NODES=`. */
export type Texts = Readonly<Record<string, string>>;

/** Reads `.env`; nothing where there is none. Changes no environment. */
export function readDotenv(folder: string): { readonly texts: Texts; readonly problems: readonly SettingProblem[] } {
  const file = readText(join(folder, '.env'), '.env');
  return { texts: file.text === null ? {} : withoutEmpty(parseDotenv(file.text)), problems: file.problems };
}

/** Reads a YAML file; `content` is undefined where there is none or where it is no YAML. */
export function readYamlFile(
  path: string,
  name: string,
): { readonly content: unknown; readonly problems: readonly SettingProblem[] } {
  const file = readText(path, name);
  if (file.text === null) return { content: undefined, problems: file.problems };
  try {
    return { content: parseYaml(file.text) ?? {}, problems: [] };
  } catch (error) {
    // The parser's first line names the place, the rest draws it.
    const [firstLine = ''] = String(error).split('\n');
    return { content: undefined, problems: [toFileProblem('the file', `YAML: ${firstLine}`, '', name)] };
  }
}

/** Leaves out what is not set or empty. */
export function withoutEmpty(texts: Readonly<Record<string, string | undefined>>): Texts {
  const entries = Object.entries(texts).map(([name, text]) => [name, text?.trim() ?? ''] as const);
  return Object.fromEntries(entries.filter(([, text]) => text !== ''));
}

function readText(path: string, name: string): { text: string | null; problems: SettingProblem[] } {
  try {
    return { text: readFileSync(path, 'utf8'), problems: [] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { text: null, problems: [] };
    return { text: null, problems: [toFileProblem('the file', `must be readable: ${String(error)}`, '', name)] };
  }
}
