import type { ContentHash, EntryId, RunId } from '../../domain/ids.ts';
import type { EntryKind, EntryValue, KeptEntry, MemoryEntry } from '../../domain/memory-entry.ts';
import { toCanonicalJson } from '../content-hash.ts';

interface RowHead {
  readonly id: EntryId;
  readonly namespace: string;
  readonly kind: EntryKind;
  readonly key: ContentHash;
  readonly version: number;
  readonly updatedAt: string;
}

/** An entry that is not deleted, as its row holds it. */
export interface KeptRow extends RowHead {
  readonly isDeleted: 0;
  readonly runId: RunId;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly text: string;
  /** JSON with sorted keys, so that equal values are equal texts. */
  readonly value: string;
}

interface TombstoneRow extends RowHead {
  readonly isDeleted: 1;
  readonly runId: null;
  readonly createdAt: null;
  readonly expiresAt: null;
  readonly text: null;
  readonly value: null;
}

/** An entry as its row holds it. */
export type EntryRow = KeptRow | TombstoneRow;

/** The columns of an `EntryRow`, for a SELECT from `entries`. */
export const ENTRY_COLUMNS = `id, namespace, kind, key, version, updated_at AS updatedAt, is_deleted AS isDeleted,
  run_id AS runId, created_at AS createdAt, expires_at AS expiresAt, text, value`;

/** The entry of a row. The record alone has written it, so it is not checked again. */
export function toEntry(row: EntryRow): MemoryEntry {
  if (row.isDeleted === 0) return toKeptEntry(row);
  const { id, namespace, kind, key, version, updatedAt } = row;
  return { id, namespace, kind, key, version, updatedAt, isDeleted: true };
}

/** The entry of a row that is not deleted. */
export function toKeptEntry({ value, ...row }: KeptRow): KeptEntry {
  return { ...row, isDeleted: false, value: JSON.parse(value) as EntryValue };
}

/** The row of an entry. */
export function toEntryRow(entry: MemoryEntry): EntryRow {
  const { id, namespace, kind, key, version, updatedAt } = entry;
  const head = { id, namespace, kind, key, version, updatedAt };
  if (entry.isDeleted) {
    return { ...head, isDeleted: 1, runId: null, createdAt: null, expiresAt: null, text: null, value: null };
  }
  const { runId, createdAt, expiresAt, text, value } = entry;
  return { ...head, isDeleted: 0, runId, createdAt, expiresAt, text, value: toCanonicalJson(value) };
}

/** What a row weighs against the limit of the memory. */
export function measureRow({ value, text }: EntryRow): number {
  return Buffer.byteLength(value ?? '') + Buffer.byteLength(text ?? '');
}
