import { Registry } from 'prom-client';
import type { RememberingDependencies } from '../activities/dependencies.ts';
import { createDecisionWriter } from '../memory/decision-writer.ts';
import { createOllamaLanguageModel } from '../models/ollama-language-model.ts';
import { abandonOnAbort } from './abandon-on-abort.ts';
import { startControlWorker, type WorkerPlace } from './control-worker.ts';
import { startFleetOwner, type FleetOwner } from './fleet-owner.ts';
import { addSchedulerMetrics } from './metrics/scheduler-metrics.ts';
import { observeFleet } from './observe-fleet.ts';
import type { RunningWorker } from './running-worker.ts';
import { buildWorkflowBundle } from './workflow-bundle.ts';

export interface WorkersOptions {
  readonly place: WorkerPlace;
  readonly deps: RememberingDependencies;
  /** What serves the queue `verify`, being started: a process of its own, or a worker in this one. */
  readonly verify: Promise<Stoppable>;
  /** The text of an environment variable, wherever settings come from; absent: of this process. */
  readonly readVariable?: (name: string) => string | undefined;
  /** Where what is counted and measured goes. */
  readonly registry?: Registry;
  readonly report: (sentence: string) => void;
  /** Aborted while they are being started: they are stopped again. */
  readonly signal?: AbortSignal;
}

interface Stoppable {
  stop(): Promise<void>;
}

/** Starts control and fleet workers, and waits until they and what verifies are ready and the hosts' models are known. */
export async function runWorkers(options: WorkersOptions): Promise<Stoppable> {
  const { place, deps, verify, report, registry = new Registry(), signal = new AbortController().signal } = options;
  const decisions = createDecisionWriter(deps.memory.decisions);
  const fleet = startFleetOwner({
    place,
    deps,
    languageModel: createOllamaLanguageModel(),
    addresses: deps.settings.nodes,
    readVariable: options.readVariable ?? ((name) => process.env[name]),
    observer: observeFleet(decisions, registry),
    report,
  });
  addSchedulerMetrics(registry, fleet, () => deps.memory.nodeSnapshots.read());
  const workers: readonly Promise<Stoppable>[] = [startControl(place, deps, fleet), verify];
  const stop = async (): Promise<void> => {
    const stopWorker = (worker: Promise<Stoppable>) => worker.then((running) => running.stop());
    await Promise.allSettled([...workers.map(stopWorker), fleet.stop()]);
    await decisions.close();
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

async function startControl(
  place: WorkerPlace,
  deps: RememberingDependencies,
  fleet: FleetOwner,
): Promise<RunningWorker> {
  const { codePath } = await buildWorkflowBundle(deps.settings.cache);
  return startControlWorker(place, { ...deps, schedulerHere: () => fleet.scheduler() }, codePath);
}
