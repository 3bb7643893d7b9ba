import type { EntryId } from '../domain/ids.ts';
import type { MemoryEntry } from '../domain/memory-entry.ts';
import { readEntry } from './entry-schema.ts';
import { parseJson } from './parse-json.ts';

/** The entry with this ID that a tier's JSON is; undefined, which counts as a miss, for anything else. */
export type StoredEntryReader = (id: EntryId, json: string) => MemoryEntry | undefined;

/** A reader that reports once what is not an entry: it cannot be mended from here, and is seldom alone. */
export function createStoredEntryReader(tierName: string, report: (sentence: string) => void): StoredEntryReader {
  let hasReported = false;
  return (id, json) => {
    const entry = readEntry(parseJson(json));
    if (entry?.id === id) return entry;
    if (!hasReported)
      report(`${tierName} holds something in the place of entry ${id} that is no such entry; it is passed over.`);
    hasReported = true;
    return undefined;
  };
}
