import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isSafePath } from '../domain/safe-path.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** Writes the files of a result into a folder; files that are there are replaced. Returns the folder. */
export async function saveFiles(
  folder: string,
  files: readonly { readonly path: string; readonly content: string }[],
): Promise<string> {
  const root = resolve(folder);
  // Nothing is written unless everything may be.
  for (const { path } of files) {
    if (!isSafePath(path))
      throw new CommandError(EXIT.failed, `The result names a file outside its folder: "${path}".`);
  }
  try {
    for (const { path, content } of files) {
      const target = join(root, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.failed, `The files could not be written to ${root}: ${reason}.`);
  }
  return root;
}
