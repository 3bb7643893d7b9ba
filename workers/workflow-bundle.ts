import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { SynthesisFailure } from '../domain/failure.ts';

/** Everything that the bundle is made of, beside the SDK; of activities only the types are used. */
const SOURCE_FOLDERS = ['workflows', 'domain'];

/**
 * The workflows as one file for workers. Built when a source or the SDK has changed, which takes about two seconds, and kept
 * in the cache folder under a hash of both.
 */
export async function buildWorkflowBundle(cacheFolder: string): Promise<{ readonly codePath: string }> {
  const folder = join(cacheFolder, 'workflow-bundles');
  const codePath = join(folder, `${await hashSources()}.js`);
  if (await exists(codePath)) return { codePath };
  const workflowsPath = fileURLToPath(new URL('../workflows/registry.ts', import.meta.url));
  const code = await bundle(workflowsPath);
  await mkdir(folder, { recursive: true });
  // Two processes may build at once: each writes its own file, and the last rename wins with the same content.
  const draft = `${codePath}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
}

/** The bundler writes what is wrong to its log and throws only that something is. */
async function bundle(workflowsPath: string): Promise<string> {
  const errors: string[] = [];
  const silent = (): void => {};
  const logger = {
    log: silent,
    trace: silent,
    debug: silent,
    info: silent,
    warn: silent,
    error: (text: string) => errors.push(text),
  };
  try {
    return (await bundleWorkflowCode({ workflowsPath, logger })).code;
  } catch (cause) {
    throw new SynthesisFailure('InvariantBroken', `The workflows do not bundle: ${errors.join('\n')}`, {}, { cause });
  }
}

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
