import type { NodeStateChange } from '../fleet/health/announce-states.ts';

/** A node that came or went, as a sentence for the log. */
export function describeStateChange({ nodeId, state, problem, changes }: NodeStateChange): string {
  const reason = problem === null ? '' : `: ${problem}`;
  if (changes > 1) return `${nodeId} comes and goes, ${changes} changes within seconds; now it is ${state}${reason}`;
  return state === 'up' ? `${nodeId} answers again` : `${nodeId} is down${reason}`;
}
