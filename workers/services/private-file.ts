import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** For its owner only: it holds a password. */
const PRIVATE = 0o600;

/** Writes a file that nobody else may read, in one step. */
export function writePrivateFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: PRIVATE });
  renameSync(draft, file);
}

/** The text of a file; null where there is none. */
export function readTextFile(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
