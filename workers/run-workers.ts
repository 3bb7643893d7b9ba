import type { StoreDependencies } from '../activities/dependencies.ts';
import { createOllamaLanguageModel } from '../models/ollama-language-model.ts';
import type { ProgramRunner } from '../sandbox/program-runner.ts';
import { startControlWorker, type WorkerPlace } from './control-worker.ts';
import { startFleetOwner } from './fleet-owner.ts';
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
  const [control, verify] = await Promise.all([
    startControlWorker(place, { ...deps, schedulerHere: () => fleet.scheduler() }, codePath),
    startVerifyWorker(place, { ...deps, runner, noRunnerReason }),
    fleet.settled,
  ]);
  return {
    async stop() {
      await Promise.all([control.stop(), verify.stop(), fleet.stop()]);
    },
  };
}
