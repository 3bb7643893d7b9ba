import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Hash of the prompt files: it changes with them by itself, so that no answer of an older prompt is taken for a new one. */
export async function readPromptsVersion(): Promise<string> {
  const folder = fileURLToPath(new URL('../activities/prompts', import.meta.url));
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).toSorted()) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}
