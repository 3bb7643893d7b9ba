import type { ModelAnswer } from '../../../domain/model-step.ts';
import type { Memory } from '../../../memory/ports.ts';
import type { Scenario } from '../scenario.ts';
import { answerOf } from './bench-texts.ts';
import type { PlayedAnswer } from './played-answer.ts';

/** What is wrong with the answers of a run; all lists are empty when nothing was lost, doubled or wrongly called complete. */
export interface CheckedAnswers {
  /** Calls without an answer. */
  readonly lost: readonly string[];
  /** Calls with more than one answer, or with another accepted answer in the store than their caller got. */
  readonly doubled: readonly string[];
  /** Calls whose answer is not, letter for letter, the complete one. */
  readonly wronglyComplete: readonly string[];
}

export async function checkAnswers(
  { workload }: Scenario,
  answers: readonly PlayedAnswer[],
  memory: Pick<Memory, 'artifacts' | 'steps'>,
): Promise<CheckedAnswers> {
  const lost: string[] = [];
  const doubled: string[] = [];
  const wronglyComplete: string[] = [];
  const keys = new Set(answers.map(({ stepKey }) => stepKey));
  for (const call of workload.jobs.flatMap(({ calls }) => calls)) {
    const own = answers.filter(({ id }) => id === call.id);
    const [answer] = own;
    if (answer === undefined) {
      lost.push(call.id);
      continue;
    }
    const accepted = (await memory.steps.find(answer.stepKey)) as ModelAnswer | undefined;
    if (own.length > 1 || accepted?.answerHash !== answer.answerHash) doubled.push(call.id);
    if ((await memory.artifacts.getText(answer.answerHash)) !== answerOf(call)) wronglyComplete.push(call.id);
  }
  if (keys.size !== answers.length) doubled.push('two calls with one key');
  return { lost, doubled, wronglyComplete };
}
