import type { StoreDependencies } from '../activities/dependencies.ts';
import { createOllamaLanguageModel } from '../models/ollama-language-model.ts';
import { abandonOnAbort } from './abandon-on-abort.ts';
import { startControlWorker, type WorkerPlace } from './control-worker.ts';
import { startFleetOwner, type FleetOwner } from './fleet-owner.ts';
import type { RunningWorker } from './running-worker.ts';
import { buildWorkflowBundle } from './workflow-bundle.ts';

export interface WorkersOptions {
  readonly place: WorkerPlace;
  readonly deps: StoreDependencies;
  /** What serves the queue `verify`, being started: a process of its own, or a worker in this one. */
  readonly verify: Promise<Stoppable>;
  readonly report: (sentence: string) => void;
  /** Aborted while they are being started: they are stopped again. */
  readonly signal?: AbortSignal;
}

interface Stoppable {
  stop(): Promise<void>;
}

/** Starts control and fleet workers, and waits until they and what verifies are ready and the hosts' models are known. */
export async function runWorkers(options: WorkersOptions): Promise<Stoppable> {
  const { place, deps, verify, report, signal = new AbortController().signal } = options;
  const fleet = startFleetOwner({
    place,
    deps,
    languageModel: createOllamaLanguageModel(),
    addresses: deps.settings.nodes,
    report,
  });
  const workers: readonly Promise<Stoppable>[] = [startControl(place, deps, fleet), verify];
  const stop = async (): Promise<void> => {
    const stopWorker = (worker: Promise<Stoppable>) => worker.then((running) => running.stop());
    await Promise.allSettled([...workers.map(stopWorker), fleet.stop()]);
  };
  try {
    await abandonOnAbort(Promise.all([...workers, fleet.settled]), signal);
  } catch (error) {
    // The connection cannot be closed while a worker is left on it.
    await stop();
    throw error;
  }
  return { stop };
}

async function startControl(place: WorkerPlace, deps: StoreDependencies, fleet: FleetOwner): Promise<RunningWorker> {
  const { codePath } = await buildWorkflowBundle(deps.settings.cache);
  return startControlWorker(place, { ...deps, schedulerHere: () => fleet.scheduler() }, codePath);
}
