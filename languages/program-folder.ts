import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SynthesisFailure } from '../domain/failure.ts';
import type { SourceFile } from '../domain/request.ts';
import { isSafeRelativePath } from './safe-path.ts';

/**
 * Lays files into a new temporary folder, lends it to `use`, and removes it whatever happens.
 * Errors: SynthesisFailure of type InvariantBroken for a path outside the folder.
 */
export async function withProgramFolder<T>(
  files: readonly SourceFile[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const unsafe = files.find(({ path }) => !isSafeRelativePath(path));
  if (unsafe !== undefined) {
    const message = 'A path leaves the folder of the program.';
    throw new SynthesisFailure('InvariantBroken', message, { path: unsafe.path });
  }
  // Tools report real paths; a link in the temporary path would hide the program's own files.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'hydra-check-')));
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
