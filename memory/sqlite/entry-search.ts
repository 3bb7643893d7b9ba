import type { EntryRecord, TextHit } from '../entry-ports.ts';
import { requirePageSize } from '../page-size.ts';
import { readSearchWords } from '../search-words.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

/** What keeps a search short, however many entries there are. */
export interface SearchBounds {
  /** A word of more entries than this tells little: it counts only where no rarer one is asked for. */
  readonly commonEntries: number;
  /** Of more entries than this, the newest are ranked. */
  readonly rankedEntries: number;
}

/** To count or rank so many takes 1 ms and 20 ms. */
const BOUNDS: SearchBounds = { commonEntries: 10_000, rankedEntries: 10_000 };

/** The words alone rank, not the scope. CROSS JOIN keeps SQLite from walking through all entries to find a few. */
const SEARCH = `
  SELECT id FROM (
    SELECT rowid AS number, bm25(entry_words, 0.0, 1.0) AS score FROM entry_words
    WHERE entry_words MATCH @match ORDER BY rowid DESC LIMIT @rankedEntries
  ) CROSS JOIN entries USING (number)
  WHERE is_deleted = 0 AND namespace = @namespace AND (expires_at IS NULL OR expires_at > @now)
  ORDER BY score LIMIT @limit`;

const COUNT = `
  SELECT count(*) FROM (SELECT 1 FROM entry_words WHERE entry_words MATCH ? LIMIT ?)`;

/** Full-text search over the words of entries, in the table `entry_words`. */
export function createTextSearch(
  connection: SqliteConnection,
  { commonEntries, rankedEntries }: SearchBounds = BOUNDS,
): EntryRecord['searchText'] {
  const { database, perform } = connection;
  const search = database.prepare<[object], TextHit>(SEARCH);
  const count = database.prepare<[string, number], number>(COUNT).pluck();
  const isRare = (word: string) => (count.get(`words : ${word}`, commonEntries + 1) ?? 0) <= commonEntries;
  return ({ namespace, kinds, text, limit }) =>
    perform('entries.searchText', () => {
      requirePageSize(limit);
      const words = readSearchWords(text).map(quote);
      const scopes = kinds.map((kind) => quote(nameScope(namespace, kind)));
      if (words.length === 0 || scopes.length === 0) return [];
      const rare = words.filter(isRare);
      const telling = rare.length > 0 ? rare : words;
      const match = `scope : (${scopes.join(' OR ')}) AND words : (${telling.join(' OR ')})`;
      return search.all({ match, namespace, rankedEntries, now: isoNow(connection), limit });
    });
}

/** One word for a namespace and a kind. The last digit keeps the stemmer from taking it for an English ending. */
export function nameScope(namespace: string, kind: string): string {
  return `${Buffer.from(`${namespace} ${kind}`).toString('hex')}0`;
}

/** A word as a string of FTS5, in which nothing but a quotation mark has a meaning; `readSearchWords` leaves none. */
function quote(word: string): string {
  return `"${word}"`;
}
