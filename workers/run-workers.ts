import type { StoreDependencies } from '../activities/dependencies.ts';
import { createOllamaLanguageModel } from '../models/ollama-language-model.ts';
import type { ProgramRunner } from '../sandbox/program-runner.ts';
import { startControlWorker, type WorkerPlace } from './control-worker.ts';
import { startFleetOwner } from './fleet-owner.ts';
import type { RunningWorker } from './running-worker.ts';
import { startVerifyWorker } from './verify-worker.ts';
import { buildWorkflowBundle } from './workflow-bundle.ts';

export interface WorkersOptions {
  readonly place: WorkerPlace;
  readonly deps: StoreDependencies;
  readonly runner: ProgramRunner | null;
  readonly noRunnerReason: string;
  readonly report: (sentence: string) => void;
}

/** The workers of one process. */
export interface RunningWorkers {
  stop(): Promise<void>;
}

/** Starts control, verify and fleet workers, and waits until the hosts' models are known. */
export async function runWorkers(options: WorkersOptions): Promise<RunningWorkers> {
  const { place, deps, runner, noRunnerReason, report } = options;
  const { codePath } = await buildWorkflowBundle(deps.settings.cache);
  const fleet = startFleetOwner({
    place,
    deps,
    languageModel: createOllamaLanguageModel(),
    addresses: deps.settings.nodes,
    report,
  });
  const workers = [
    startControlWorker(place, { ...deps, schedulerHere: () => fleet.scheduler() }, codePath),
    startVerifyWorker(place, { ...deps, runner, noRunnerReason }),
  ];
  const stop = async (): Promise<void> => {
    const stopWorker = (worker: Promise<RunningWorker>) => worker.then((running) => running.stop());
    await Promise.allSettled([...workers.map(stopWorker), fleet.stop()]);
  };
  try {
    await Promise.all([...workers, fleet.settled]);
  } catch (error) {
    // The connection cannot be closed while a worker is left on it.
    await stop();
    throw error;
  }
  return { stop };
}
