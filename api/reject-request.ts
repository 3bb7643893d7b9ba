import { SynthesisFailure } from '../domain/failure.ts';
import type { FieldError } from './describe-issues.ts';

/** The failure of a request that breaks these rules, all of them in one report. */
export function rejectRequest(
  errors: readonly FieldError[],
  type: 'RequestRejected' | 'FilterRejected' = 'RequestRejected',
): SynthesisFailure {
  const rules = errors.map(({ field, rule, value }) => `${field}: ${rule} (seen: ${value})`).join('; ');
  return new SynthesisFailure(type, rules, { errors });
}
