import { SynthesisFailure } from '../domain/failure.ts';
import type { PartId, RunId, StepKey } from '../domain/ids.ts';
import { hashJson } from './content-hash.ts';

/** What makes one step of a run different from every other. */
export interface StepIdentity {
  readonly runId: RunId;
  readonly partId: PartId;
  /** What the step does, such as `generate` or `repair`. */
  readonly role: string;
  /** Position among the steps of this role in this part. */
  readonly index: number;
  /** Everything that the step's result depends on; JSON. */
  readonly inputs: unknown;
}

/** Hexadecimal digits of the inputs hash in a key: 64 bits, far beyond the few hundred steps of one run. */
const HASH_DIGITS = 16;

/** The key of a step: `<run>/<part>/<role>/<index>/<hash of the inputs>`. Other inputs give another key. */
export function createStepKey(step: StepIdentity): StepKey {
  const names = [step.runId, step.partId, step.role];
  if (names.some((name) => name === '' || name.includes('/')) || !isPosition(step.index)) {
    const { runId, partId, role, index } = step;
    throw new SynthesisFailure(
      'InvariantBroken',
      'A step key is made of names without a slash and an index from 0 up.',
      {
        runId,
        partId,
        role,
        index,
      },
    );
  }
  return [...names, step.index, hashJson(step.inputs).slice(0, HASH_DIGITS)].join('/') as StepKey;
}

function isPosition(index: number): boolean {
  return Number.isSafeInteger(index) && index >= 0;
}
