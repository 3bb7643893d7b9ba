import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines that were added to `.env`, and those whose name has another value there already. */
export interface WrittenLines {
  readonly added: readonly string[];
  readonly left: readonly string[];
}

/** Adds lines such as `NAME=value` to the project's `.env`; a name that is set there keeps its value. */
export function addToEnv(folder: string, lines: readonly string[]): WrittenLines {
  const file = join(folder, '.env');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const left = lines.filter((line) => setsName(text, line));
  const added = lines.filter((line) => !left.includes(line));
  if (added.length > 0) {
    const separator = text === '' || text.endsWith('\n') ? '' : '\n';
    // For its owner only where it is new: the lines hold passwords.
    writeFileSync(file, `${text}${separator}${added.join('\n')}\n`, { mode: 0o600 });
  }
  return { added, left };
}

function setsName(text: string, line: string): boolean {
  const [name = ''] = line.split('=', 1);
  return new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, 'm').test(text);
}
