import type { StepKey } from '../domain/ids.ts';
import type { ModelStep, ModelTask } from '../domain/model-step.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import { createStepKey } from '../memory/step-key.ts';

/** The key of a model call: everything that shapes the answer, and nothing that only schedules or describes it. */
export function stepKeyOf(step: ModelStep, promptsVersion: string): StepKey {
  const { runId, partId, task, sample, requestHash, invalidAnswer, offeredHash } = step;
  return createStepKey({
    runId,
    partId,
    role: task.role,
    index: sample.index,
    inputs: { task: shapeOf(task), sample, requestHash, invalidAnswer, offeredHash, promptsVersion },
  });
}

/**
 * What a scope says about the program. Its limits are what other parts had left at that moment: a run that is reset divides
 * them anew, and must find its paid steps all the same.
 */
export function withoutBudget(scope: ProgramScope): Omit<ProgramScope, 'limits' | 'priority'> {
  const { limits: _limits, priority: _priority, ...rest } = scope;
  return rest;
}

function shapeOf(task: ModelTask): unknown {
  return 'scope' in task ? { ...task, scope: withoutBudget(task.scope) } : task;
}
