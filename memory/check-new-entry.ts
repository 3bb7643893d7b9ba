import { SynthesisFailure } from '../domain/failure.ts';
import type { NewEntry } from '../domain/memory-entry.ts';
import { findEntryProblem } from './entry-schema.ts';

/**
 * The entry as every record keeps it: half a character in its text becomes the sign for one that is missing.
 * Errors: InvariantBroken for what no copy would take back, such as an answer that is not verified.
 */
export function checkNewEntry(entry: NewEntry): NewEntry {
  const problem = findEntryProblem(entry);
  if (problem === undefined) return { ...entry, text: Buffer.from(entry.text).toString() };
  const { namespace, kind, key } = entry;
  throw new SynthesisFailure('InvariantBroken', `Memory does not keep this: ${problem}.`, { namespace, kind, key });
}
