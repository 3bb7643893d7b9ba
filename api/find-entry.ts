import { SynthesisFailure } from '../domain/failure.ts';
import type { EntryId } from '../domain/ids.ts';
import type { KeptEntry } from '../domain/memory-entry.ts';
import type { EntryMemory } from '../memory/entry-ports.ts';
import { isWholeId } from './memory-filters.ts';
import { rejectRequest } from './reject-request.ts';

/**
 * The entry with this ID, or the only one whose ID begins so.
 * Errors: EntryNotFound; FilterRejected when several begin so.
 */
export async function findEntry(entries: Pick<EntryMemory, 'find' | 'list'>, id: string): Promise<KeptEntry> {
  const found = isWholeId(id) ? await entries.find(id as EntryId) : await findByBeginning(entries, id);
  if (found) return found;
  throw entryNotFound(id);
}

export function entryNotFound(id: string): SynthesisFailure {
  return new SynthesisFailure('EntryNotFound', `Memory keeps nothing under the ID ${id}.`, { id });
}

/** A text stands right before all longer ones that begin with it, so that they are the next in the list. */
async function findByBeginning(entries: Pick<EntryMemory, 'list'>, beginning: string): Promise<KeptEntry | undefined> {
  const next = await takeEntries(entries.list({ after: beginning as EntryId, limit: 2 }), 2);
  const [found, other] = next.filter(({ id }) => id.startsWith(beginning));
  if (other === undefined) return found;
  throw rejectRequest(
    [{ field: 'id', rule: 'must be longer: several entries begin so', value: `"${beginning}"` }],
    'FilterRejected',
  );
}

/** The first entries of a list. */
export async function takeEntries(list: AsyncIterable<KeptEntry>, count: number): Promise<readonly KeptEntry[]> {
  const taken: KeptEntry[] = [];
  for await (const entry of list) {
    taken.push(entry);
    if (taken.length === count) break;
  }
  return taken;
}
