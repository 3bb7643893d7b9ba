import { asActivity } from '../as-activity.ts';
import type { VerifyDependencies } from '../dependencies.ts';
import { verifyProgram, type VerifyProgramInput } from './verify-program.ts';

/** Sandboxed verification, on the queue whose slots are the machine's cores. Apart from the others: it runs in a small process. */
export function createVerifyActivities(deps: VerifyDependencies) {
  return { verifyProgram: asActivity((input: VerifyProgramInput) => verifyProgram(deps, input)) };
}

export type VerifyActivities = ReturnType<typeof createVerifyActivities>;
