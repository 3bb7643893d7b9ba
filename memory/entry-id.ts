import type { EntryId } from '../domain/ids.ts';
import type { EntryPlace } from '../domain/memory-entry.ts';
import { hashText } from './content-hash.ts';

/** The ID of the one entry in a place: the SHA-256 of its three names, which cannot contain a line end. */
export function createEntryId({ namespace, kind, key }: EntryPlace): EntryId {
  return hashText(`${namespace}\n${kind}\n${key}`) as string as EntryId;
}
