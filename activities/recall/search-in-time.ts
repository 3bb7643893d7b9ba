import { SynthesisFailure } from '../../domain/failure.ts';
import type { EntryMemory, EntryQuery, FoundEntry } from '../../memory/entry-ports.ts';

/** A run has minutes to go; one second is not felt, and a fleet that is asked for a vector answers within it or is busy. */
export const SEARCH_MS = 1_000;

/** What a search found, or why it found nothing in time. */
export type SearchOutcome = { readonly found: readonly FoundEntry[] } | { readonly problem: string };

/** Searches for at most `SEARCH_MS`. It never fails: a run goes on without. */
export async function searchInTime(entries: Pick<EntryMemory, 'search'>, query: EntryQuery): Promise<SearchOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<SearchOutcome>((resolve) => {
    const problem = `the search took longer than ${SEARCH_MS / 1_000} second.`;
    timer = setTimeout(() => resolve({ problem }), SEARCH_MS);
  });
  try {
    return await Promise.race([search(entries, query), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function search(entries: Pick<EntryMemory, 'search'>, query: EntryQuery): Promise<SearchOutcome> {
  try {
    return { found: (await entries.search(query)).found };
  } catch (error) {
    return { problem: error instanceof SynthesisFailure ? error.message : String(error) };
  }
}
