import { SEARCHED_KINDS, type EntryKind, type MemoryEntry } from '../../domain/memory-entry.ts';
import type { EntryRecord, TextHit } from '../entry-ports.ts';
import { requirePageSize } from '../page-size.ts';
import { readSearchWords } from '../search-words.ts';
import { isoNow, type PostgresConnection } from './postgres-connection.ts';

/** Postgres finds no words beyond a megabyte of them, and nobody asks for what comes so late. */
const MOST_CHARACTERS = 100_000;
/** Postgres refuses to look for words of two kilobytes, and indexes none. */
const LONGEST_WORD = 250;

/** The scope finds and does not rank. Many words in a long text are less than the same in a short one. */
const SEARCH = `
  WITH query AS (
    SELECT to_tsquery('hydra_search.words', $1) AS words, $2::tsquery AS scope
  )
  SELECT id FROM entries, query
  WHERE entries.words @@ (query.scope && query.words)
    AND NOT is_deleted AND namespace = $3 AND (expires_at IS NULL OR expires_at > $4)
  ORDER BY ts_rank(entries.words, query.words, 1) DESC, id LIMIT $5`;

/** What is indexed of an entry: its words, and the one for its scope; nulls where it is not searched. */
export interface IndexedWords {
  readonly words: string | null;
  readonly scope: string | null;
}

/** SQL for the column `words`; the parameters are the two texts of `IndexedWords`. */
export function writeWords(words: string, scope: string): string {
  const both = `to_tsvector('hydra_search.words', ${words}) || array_to_tsvector(ARRAY[${scope}::text])`;
  return `CASE WHEN ${scope}::text IS NOT NULL THEN ${both} END`;
}

/** The words of an entry for the index. */
export function indexWords(entry: MemoryEntry): IndexedWords {
  const isSearched = (SEARCHED_KINDS as readonly EntryKind[]).includes(entry.kind);
  if (entry.isDeleted || !isSearched) return { words: null, scope: null };
  return { words: toWords(entry.text).slice(0, MOST_CHARACTERS), scope: nameScope(entry.namespace, entry.kind) };
}

/** Full-text search over the words of entries. */
export function createTextSearch(connection: PostgresConnection): EntryRecord['searchText'] {
  return async ({ namespace, kinds, text, limit }) => {
    requirePageSize(limit);
    const words = readSearchWords(text)
      .flatMap((word) => toWords(word).split(' '))
      .filter(isSearchable);
    const scopes = kinds.map((kind) => nameScope(namespace, kind));
    if (words.length === 0 || scopes.length === 0) return [];
    const values = [anyOf(words), anyOf(scopes), namespace, isoNow(connection), limit];
    return connection.perform('entries.searchText', (session) => session.rows<TextHit>(SEARCH, values));
  };
}

/**
 * Letters and digits in lower case without accents. Postgres's own parser would make one word of `list.append` and of a path, and
 * knows only the letters of the database's locale.
 */
function toWords(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase();
  return plain.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

function isSearchable(word: string): boolean {
  return word !== '' && word.length <= LONGEST_WORD;
}

/** One word for a namespace and a kind; no text has words with a colon. */
function nameScope(namespace: string, kind: string): string {
  return `scope:${Buffer.from(`${namespace} ${kind}`).toString('hex')}`;
}

/** An expression of Postgres's search. In a quoted word only quotation marks and backslashes mean something; ours have none. */
function anyOf(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' | ');
}
