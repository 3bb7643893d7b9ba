import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { cacheFolder, ownModelsFolder, readEnvironment, readPrograms, TINY_MODEL } from '../../bootstrap.mjs';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { startRealOllama } from './real-ollama.ts';
import { startRealTemporal } from './real-temporal.ts';

declare module 'vitest' {
  /** What `inject(…)` gives to tests. */
  interface ProvidedContext {
    /** `host:port` of a real Temporal dev server that all tests share: use unique task queues and workflow IDs. */
    readonly temporalAddress: string;
    /** Base URL of a real Ollama that all tests share. */
    readonly ollamaUrl: string;
    /** A small model that it has; it answers, but knows little. */
    readonly ollamaModel: string;
    /** File with the workflows for `Worker.create({ workflowBundle: { codePath } })`. */
    readonly workflowBundlePath: string;
  }
}

/** Starts one Temporal and one Ollama for all tests of the run, and returns what stops them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cache = cacheFolder(readEnvironment());
  const { temporal, ollama } = readPrograms(cache) ?? {};
  if (!temporal || !ollama) throw new Error('Temporal and Ollama are not set up for tests: run npm test once.');
  const folder = await mkdtemp(join(tmpdir(), 'hydra-servers-'));
  const [temporalServer, ollamaServer, bundle] = await Promise.all([
    startRealTemporal(temporal.path, folder),
    startRealOllama(ollama.path, ownModelsFolder(cache), folder),
    buildWorkflowBundle(cache),
  ]);
  project.provide('temporalAddress', temporalServer.address);
  project.provide('ollamaUrl', ollamaServer.url);
  project.provide('ollamaModel', TINY_MODEL.name);
  project.provide('workflowBundlePath', bundle.codePath);
  // For programs that tests start as processes.
  process.env.HYDRA_TEST_TEMPORAL_ADDRESS = temporalServer.address;
  process.env.HYDRA_TEST_OLLAMA_URL = ollamaServer.url;
  return async () => {
    await Promise.all([temporalServer.stop(), ollamaServer.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
}
