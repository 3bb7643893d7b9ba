import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

/** Bundles the workflows of the bench into a file of this folder, and gives its path. */
export async function bundleBenchWorkflows(folder: string): Promise<string> {
  const silent = (): void => {};
  const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: console.error };
  const { code } = await bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, 'workflows.ts'), logger });
  const codePath = join(folder, 'bench-workflows.js');
  await writeFile(codePath, code);
  return codePath;
}
