import type { StepKey } from '../domain/ids.ts';
import type { ModelStep } from '../domain/model-step.ts';
import { createStepKey } from '../memory/step-key.ts';

/** The key of a model call: everything that shapes the answer, and nothing that only schedules or describes it. */
export function stepKeyOf(step: ModelStep, promptsVersion: string): StepKey {
  const { runId, partId, task, sample, requestHash, invalidAnswer } = step;
  return createStepKey({
    runId,
    partId,
    role: task.role,
    index: sample.index,
    inputs: { task, sample, requestHash, invalidAnswer, promptsVersion },
  });
}
