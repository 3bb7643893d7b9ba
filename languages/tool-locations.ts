import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Path of pyright's command-line script; undefined when the package is not installed. */
export function findPyright(): string | undefined {
  return resolvePackageFile('pyright', 'index.js');
}

/**
 * Path of the Deno binary that came with the npm package; undefined when there is none. The package for the platform holds
 * it even where npm did not run the install script of `deno`.
 */
export function findDeno(): string | undefined {
  const main = resolvePackageFile('deno', 'package.json');
  if (main === undefined) return undefined;
  const scope = join(dirname(main), '..', '@deno');
  const binary = process.platform === 'win32' ? 'deno.exe' : 'deno';
  const platforms = existsSync(scope) ? readdirSync(scope).toSorted() : [];
  const fitting = platforms.filter((name) => name.startsWith(`${process.platform}-${process.arch}`));
  return [...fitting.map((name) => join(scope, name, binary)), join(dirname(main), binary)].find((path) =>
    existsSync(path),
  );
}

function resolvePackageFile(name: string, file: string): string | undefined {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), file);
  } catch {
    return undefined;
  }
}
