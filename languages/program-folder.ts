import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SynthesisFailure } from '../domain/failure.ts';
import type { SourceFile } from '../domain/request.ts';
import { isSafePath } from '../domain/safe-path.ts';
import { makeOwnedFolder } from '../sandbox/owned-folder.ts';

/**
 * Lays files into a new temporary folder, lends it to `use`, and removes it whatever happens.
 * Errors: SynthesisFailure of type InvariantBroken for a path outside the folder.
 */
export async function withProgramFolder<T>(
  files: readonly SourceFile[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const unsafe = files.find(({ path }) => !isSafePath(path));
  if (unsafe !== undefined) {
    const message = 'A path leaves the folder of the program.';
    throw new SynthesisFailure('InvariantBroken', message, { path: unsafe.path });
  }
  const folder = await makeOwnedFolder('check');
  try {
    for (const { path, content } of files) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
