import type { StepKey } from '../../domain/ids.ts';
import type { RunnableLanguage } from '../../domain/language.ts';
import type { ProgramScope } from '../../domain/program-scope.ts';
import type { Example } from '../../domain/request.ts';
import type { StepResultStore } from '../../memory/ports.ts';
import { createStepKey } from '../../memory/step-key.ts';
import type { CallOutcome, ProgramRunner, SandboxLimits } from '../../sandbox/program-runner.ts';

/** Stands for a call that gave no answer. */
export const NOT_RUN: CallOutcome = { ended: 'crashed' };

export interface ExpectedValues {
  readonly scope: ProgramScope;
  readonly language: RunnableLanguage;
  readonly runner: ProgramRunner;
  readonly steps: StepResultStore;
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
}

/**
 * Evaluates what examples expect, in a sandbox that holds no candidate. All candidates of a scope expect the same, so the
 * first evaluation is stored as a step and serves the others.
 */
export async function evaluateExpected(
  of: ExpectedValues,
  examples: readonly Example[],
): Promise<readonly CallOutcome[]> {
  const expressions = examples.filter(({ expected }) => !raisedType(expected)).map(({ expected }) => expected);
  const values = expressions.length === 0 ? [] : await evaluateOnce(of, expressions);
  return examples.map(({ expected }) => {
    const errorType = raisedType(expected);
    return errorType ? { ended: 'raised', errorType, message: '' } : (values[expressions.indexOf(expected)] ?? NOT_RUN);
  });
}

async function evaluateOnce(of: ExpectedValues, expressions: readonly string[]): Promise<readonly CallOutcome[]> {
  const key = keyOf(of, expressions);
  const stored = await of.steps.find(key);
  if (stored !== undefined) return stored as readonly CallOutcome[];
  const task = { kind: 'calls', module: null, expressions } as const;
  const { calls } = await of.runner.run({ language: of.language, files: [], task, limits: of.limits }, of.signal);
  // A sandbox that was cut off says nothing about the expressions: the next candidate's verification asks again.
  if (calls.some(({ ended }) => ended === 'timeout' || ended === 'crashed')) return calls;
  return (await of.steps.acceptOnce(key, of.scope.runId, calls)) as readonly CallOutcome[];
}

function keyOf({ scope, language, runner }: ExpectedValues, expressions: readonly string[]): StepKey {
  const inputs = { language, expressions, runner: runner.description.name };
  return createStepKey({ runId: scope.runId, partId: scope.partId, role: 'expect', index: 0, inputs });
}

/** The error type of `raises ValueError`; undefined for an expression. */
export function raisedType(expected: string): string | undefined {
  return /^(?:raises|throws)\s+([\w.]+)/.exec(expected.trim())?.[1];
}
