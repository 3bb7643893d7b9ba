import type { EntryId } from '../../domain/ids.ts';
import type { KeptEntry } from '../../domain/memory-entry.ts';
import type { EntryAnswer, EntryQuery, EntryRecord, FoundEntry, TextHit, VectorHit } from '../entry-ports.ts';
import { isLive } from '../entry-schema.ts';
import type { SearchVectors, VectorAnswer } from './search-vectors.ts';

/** Finds entries by words and by meaning. Errors: only those of the record. */
export type SearchEntries = (query: EntryQuery) => Promise<EntryAnswer>;

export interface EntrySearchOptions {
  readonly record: EntryRecord;
  readonly vectors: SearchVectors;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Of each search, so many hits for each one that is wanted: some are gone, some say the same twice. */
const HITS_PER_RESULT = 4;
/** Reciprocal rank fusion with the constant of those who found it (Cormack and others, 2009): no list outvotes the other. */
const RANK_OFFSET = 60;

/**
 * Full text and vectors as one answer, by the ranks that entries have in both. Only what the record has now is found, whatever
 * an index still holds; code that was kept more than once comes once.
 */
export function createEntrySearch({ record, vectors, now = Date.now }: EntrySearchOptions): SearchEntries {
  return async (query) => {
    const { mode, namespace, kinds, text } = query;
    const wide = { namespace, kinds, text, limit: query.limit * HITS_PER_RESULT };
    const [words, meaning] = await Promise.all([
      mode === 'vector' ? [] : record.searchText(wide),
      mode === 'text' ? NOT_ASKED : vectors(wide),
    ]);
    const ranked = fuse(words, meaning.hits);
    const entries = await record.readMany(ranked.map(({ id }) => id));
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    const found = ranked.flatMap(({ id, ...hit }) => {
      const entry = byId.get(id);
      return entry !== undefined && isLive(entry, now()) && isWanted(entry, query) ? [{ entry, ...hit }] : [];
    });
    return { found: withoutRepeats(found).slice(0, query.limit), degraded: meaning.degraded };
  };
}

const NOT_ASKED: VectorAnswer = { hits: [], degraded: [] };

type RankedId = Omit<FoundEntry, 'entry'> & { readonly id: EntryId };

function fuse(words: readonly TextHit[], vectors: readonly VectorHit[]): readonly RankedId[] {
  const ranked = new Map<EntryId, RankedId>();
  const add = (id: EntryId, index: number, by: 'text' | 'vector', distance: number | null): void => {
    const { score, foundBy, ...known } = ranked.get(id) ?? { score: 0, foundBy: [], distance: null };
    ranked.set(id, {
      id,
      score: score + 1 / (RANK_OFFSET + index + 1),
      foundBy: [...foundBy, by],
      distance: distance ?? known.distance,
    });
  };
  words.forEach(({ id }, index) => add(id, index, 'text', null));
  vectors.forEach(({ id, distance }, index) => add(id, index, 'vector', distance));
  return [...ranked.values()].toSorted((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1));
}

/** An index is a copy that others could write to: what it says of namespace and kind is checked. */
function isWanted({ namespace, kind }: KeptEntry, query: EntryQuery): boolean {
  return namespace === query.namespace && query.kinds.some((wanted) => wanted === kind);
}

function withoutRepeats(found: readonly FoundEntry[]): readonly FoundEntry[] {
  const seen = new Set<string>();
  return found.filter(({ entry }) => {
    const content = contentOf(entry);
    if (seen.has(content)) return false;
    seen.add(content);
    return true;
  });
}

/** What two entries share that say the same; spaces and line ends are no difference. */
function contentOf({ id, value }: KeptEntry): string {
  if (value.kind === 'work') return `work ${value.code.replace(/\s+/g, ' ').trim()}`;
  if (value.kind === 'lesson') return `lesson ${value.error}\n${value.fix}`;
  return id;
}
