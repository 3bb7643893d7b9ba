import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Everything that the bundle is made of, beside the SDK. */
const SOURCE_FOLDERS = ['workflows', 'domain', 'activities'];

/**
 * The workflows as one file for workers. Built when a source or the SDK has changed, which takes about two seconds, and kept
 * in the cache folder under a hash of both.
 */
export async function buildWorkflowBundle(cacheFolder: string): Promise<{ readonly codePath: string }> {
  const folder = join(cacheFolder, 'workflow-bundles');
  const codePath = join(folder, `${await hashSources()}.js`);
  if (await exists(codePath)) return { codePath };
  const workflowsPath = fileURLToPath(new URL('../workflows/registry.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: QUIET });
  await mkdir(folder, { recursive: true });
  // Two processes may build at once: each writes its own file, and the last rename wins with the same content.
  const draft = `${codePath}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
}

/** The bundler reports its progress; only its errors matter, and those are thrown. */
const silent = (): void => {};
const QUIET = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

async function hashSources(): Promise<string> {
  const hash = createHash('sha256').update(sdkVersion());
  for (const folder of SOURCE_FOLDERS) {
    const root = fileURLToPath(new URL(`../${folder}`, import.meta.url));
    const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts')).toSorted();
    for (const file of files) hash.update(file).update(await readFile(join(root, file)));
  }
  return hash.digest('hex').slice(0, 32);
}

function sdkVersion(): string {
  const { version } = createRequire(import.meta.url)('@temporalio/workflow/package.json') as { version: string };
  return version;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
