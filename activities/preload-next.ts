import { cancellationSignal } from '@temporalio/activity';
import type { ModelStep } from '../domain/model-step.ts';
import { writingTasks } from '../domain/worker-task.ts';
import { chooseModels } from './choose-models.ts';
import type { FleetDependencies } from './dependencies.ts';
import { loadRequest } from './stored-json.ts';

/**
 * While a run is classified or planned, another host brings the model that will write into memory. Nothing waits for it; a
 * cancel of the call ends it.
 */
export async function preloadNext(deps: FleetDependencies, { task, requestHash }: ModelStep): Promise<void> {
  if (task.role !== 'classify' && task.role !== 'plan') return;
  const signal = cancellationSignal();
  try {
    const request = await loadRequest(deps.memory.artifacts, requestHash);
    const { workers, tasks } = await chooseModels(request, deps.settings, deps.memory.nodeSnapshots);
    const kinds = task.role === 'plan' ? writingTasks({ classification: task.classification, planned: null }) : [];
    const named = kinds.find((kind) => tasks[kind]);
    const [writer] = (named && tasks[named]) ?? workers;
    if (writer) await deps.preloader.preload(writer, deps.settings.contextTokens, signal);
  } catch {
    // A store that does not answer: the calls themselves will say so.
  }
}
