import { SynthesisFailure } from '../domain/failure.ts';

/** Throws InvariantBroken when something that must always hold does not. */
export function assertInvariant(
  holds: boolean,
  invariant: string,
  details: Readonly<Record<string, unknown>> = {},
): void {
  if (!holds) throw new SynthesisFailure('InvariantBroken', invariant, details);
}
