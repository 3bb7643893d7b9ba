import { callModel } from '../../../workflows/call-model.ts';
import type { RunTimeouts } from '../../../workflows/contract.ts';
import type { ModelStep } from '../../../domain/model-step.ts';
import type { PlayedAnswer } from './played-answer.ts';

/** One call of a job; `after` names calls that stand before it in the list. */
export interface CallToPlay {
  readonly id: string;
  readonly after: readonly string[];
  readonly step: ModelStep;
}

export interface PlayJobInput {
  readonly calls: readonly CallToPlay[];
  readonly timeouts: RunTimeouts;
}

/** Makes the calls of one job of the bench, each when those before it have ended, by the code that runs make theirs with. */
export async function playJob({ calls, timeouts }: PlayJobInput): Promise<readonly PlayedAnswer[]> {
  const answers = new Map<string, Promise<PlayedAnswer>>();
  for (const call of calls) answers.set(call.id, play(call, answers, timeouts));
  return Promise.all(answers.values());
}

async function play(
  { id, after, step }: CallToPlay,
  earlier: ReadonlyMap<string, Promise<PlayedAnswer>>,
  timeouts: RunTimeouts,
): Promise<PlayedAnswer> {
  for (const name of after) await earlier.get(name);
  const { stepKey, answerHash, usage } = await callModel(step, timeouts);
  return { id, stepKey, answerHash, nodeId: usage.nodeId, hops: usage.hops, endedAtMs: Date.now() };
}
