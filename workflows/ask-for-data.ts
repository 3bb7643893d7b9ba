import type { Sample } from '../domain/candidate.ts';
import type { ContentHash, PartId, RunId } from '../domain/ids.ts';
import { WHOLE_PROGRAM } from '../domain/ids.ts';
import type { InvalidAnswer, ModelAnswer, ModelTask } from '../domain/model-step.ts';
import type { Priority } from '../domain/request.ts';
import { choosingActivities } from './quick-steps.ts';
import { callModel } from './call-model.ts';
import type { RunTimeouts } from './contract.ts';

/** For which run a question is asked. */
export interface Asker {
  readonly runId: RunId;
  readonly requestHash: ContentHash;
  readonly priority: Priority;
  readonly timeouts: RunTimeouts;
  /** What memory offers to the run. */
  readonly offeredHash?: ContentHash | null;
}

export interface Question {
  readonly task: ModelTask;
  readonly title: string;
  readonly partId?: PartId;
  /** How it is asked first, where that is decided already; a correction goes to the same model. */
  readonly sample?: Sample;
}

/** An answer that must be data: at most one repair of its form, then null, and the caller names its fallback. */
export async function askForData(
  { runId, requestHash, priority, timeouts, offeredHash = null }: Asker,
  { task, title, partId, sample: first }: Question,
  onAnswer: (answer: ModelAnswer) => void,
): Promise<ModelAnswer | null> {
  let invalidAnswer: InvalidAnswer | null = null;
  for (let index = 0; index <= 1; index++) {
    const sample = first
      ? { ...first, index: first.index + index, seed: first.seed + index }
      : await choosingActivities(timeouts).planSample({ requestHash, role: task.role, index });
    const answer = await callModel(
      {
        runId,
        requestHash,
        partId: partId ?? WHOLE_PROGRAM,
        task,
        sample,
        invalidAnswer,
        priority,
        title: index === 0 ? title : `${title}, corrected`,
        offeredHash,
      },
      timeouts,
    );
    onAnswer(answer);
    if (answer.reading.kind !== 'invalid') return answer;
    invalidAnswer = { answerHash: answer.answerHash, problem: answer.reading.problem };
  }
  return null;
}
