import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Path of pyright's command-line script; undefined when the package is not installed. */
export function findPyright(): string | undefined {
  return resolvePackageFile('pyright', 'index.js');
}

function resolvePackageFile(name: string, file: string): string | undefined {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), file);
  } catch {
    return undefined;
  }
}
