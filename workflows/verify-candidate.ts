import type { Candidate, JudgedCandidate } from '../domain/candidate.ts';
import type { ProgramScope } from '../domain/program-scope.ts';
import type { Example } from '../domain/request.ts';
import { verifyActivities } from './activity-options.ts';
import type { RunTimeouts } from './contract.ts';
import { outlastStore } from './outlast-store.ts';

/** Has one candidate run in the sandbox; the verdict is an artifact. */
export function verifyCandidate(
  scope: ProgramScope,
  candidate: Candidate,
  proposedCalls: readonly Example[],
  timeouts: RunTimeouts,
): Promise<JudgedCandidate> {
  const who = candidate.sample ? `candidate ${candidate.sample.index + 1}` : 'merged from its parts';
  const summary = `verify ${titleOf(scope)}, ${who}`;
  const { verifyProgram } = verifyActivities(timeouts);
  return outlastStore(() => verifyProgram.executeWithOptions({ summary }, [{ scope, candidate, proposedCalls }]));
}

/** What is produced, for people. */
export function titleOf(scope: ProgramScope): string {
  return scope.planned?.part.title ?? 'the program';
}
