import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

const require = createRequire(import.meta.url);

/** Deno as npm installed it. */
export interface DenoBinary {
  readonly path: string;
  readonly version: string;
}

/**
 * Finds the binary in the package that npm chose for this platform; null where there is none. The package `deno` itself
 * would copy it in an install script, which npm holds back.
 */
export function findDenoBinary(): DenoBinary | null {
  for (const name of platformPackages()) {
    try {
      const manifest = require.resolve(`${name}/package.json`);
      const path = manifest.replace(/package\.json$/u, process.platform === 'win32' ? 'deno.exe' : 'deno');
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
      if (existsSync(path)) return { path, version };
    } catch {
      // Not installed: the next name, or none.
    }
  }
  return null;
}

function platformPackages(): readonly string[] {
  const name = `@deno/${process.platform}-${process.arch}`;
  return [`${name}-glibc`, name];
}
