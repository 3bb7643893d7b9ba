import type { PartId } from '../domain/ids.ts';
import { WHOLE_PROGRAM } from '../domain/ids.ts';
import type { InvalidAnswer, ModelAnswer, ModelTask } from '../domain/model-step.ts';
import { choosingActivities } from './quick-steps.ts';
import { callModel } from './call-model.ts';
import type { SynthesisInput } from './contract.ts';

/** An answer that must be data: at most one repair of its form, then null, and the caller names its fallback. */
export async function askForData(
  input: SynthesisInput,
  ask: { readonly task: ModelTask; readonly title: string; readonly partId?: PartId },
  onAnswer: (answer: ModelAnswer) => void,
): Promise<ModelAnswer | null> {
  let invalidAnswer: InvalidAnswer | null = null;
  for (let index = 0; index <= 1; index++) {
    const sample = await choosingActivities(input.timeouts).planSample({
      requestHash: input.requestHash,
      role: ask.task.role,
      index,
    });
    const answer = await callModel(
      {
        runId: input.runId,
        requestHash: input.requestHash,
        partId: ask.partId ?? WHOLE_PROGRAM,
        task: ask.task,
        sample,
        invalidAnswer,
        priority: input.priority,
        title: index === 0 ? ask.title : `${ask.title}, corrected`,
      },
      input.timeouts,
    );
    onAnswer(answer);
    if (answer.reading.kind !== 'invalid') return answer;
    invalidAnswer = { answerHash: answer.answerHash, problem: answer.reading.problem };
  }
  return null;
}
