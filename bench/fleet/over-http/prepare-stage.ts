import { join } from 'node:path';
import { loadSettings } from '../../../config/load-settings.ts';
import { loadTemporalDev } from '../../../config/load-temporal-dev.ts';
import { readPrograms } from '../../../workers/programs.ts';
import { bundleBenchWorkflows } from './bundle-workflows.ts';
import type { HttpStage } from './play-over-http.ts';

const PROJECT = join(import.meta.dirname, '../../..');

/** Finds Temporal, and bundles the workflows of the bench into the folder. `cache` is the folder of fetched programs. */
export async function prepareStage(folder: string): Promise<{ readonly stage: HttpStage; readonly cache: string }> {
  const loaded = loadSettings({ environment: process.env, folder: PROJECT });
  if (!loaded.ok) throw new Error(loaded.problems.map((problem) => JSON.stringify(problem)).join('\n'));
  const { config: dev } = loadTemporalDev(PROJECT);
  if (dev === null) throw new Error('temporal-dev.yaml is missing.');
  const { temporal } = await readPrograms(loaded.settings);
  if (temporal === null) throw new Error('Temporal is not set up: use npm run, or set HYDRA_TEMPORAL_CLI.');
  const codePath = await bundleBenchWorkflows(folder);
  return { stage: { executable: temporal.path, dev, codePath }, cache: loaded.settings.cache };
}
