import { SEARCHED_KINDS } from '../../domain/memory-entry.ts';
import type { EntryRecord, VectorIndex } from '../entry-ports.ts';

/**
 * True when an index has no vector of this length while the record has entries for it: it was wiped, or the embedding model is
 * another one now. Everything is then on its way to it again, unless that was refused before.
 * Errors: those of the index and of the record.
 */
export async function refillWhenEmpty(
  record: EntryRecord,
  index: VectorIndex,
  vectorLength: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await index.isEmpty(vectorLength, signal))) return false;
  const { countByKind } = await record.stats();
  if (SEARCHED_KINDS.every((kind) => countByKind[kind] === 0)) return false;
  const { rows, deadLetters } = await record.lag(index.name);
  if (rows === 0 && deadLetters === 0) await record.restart(index.name);
  return true;
}
