import type { ContentHash, EntryId, RunId } from '../../domain/ids.ts';
import type { EntryKind, EntryValue, MemoryEntry } from '../../domain/memory-entry.ts';
import { toCanonicalJson } from '../content-hash.ts';

interface RowHead {
  readonly id: EntryId;
  readonly namespace: string;
  readonly kind: EntryKind;
  readonly key: ContentHash;
  readonly version: number;
  readonly updatedAt: string;
}

interface KeptRow extends RowHead {
  readonly isDeleted: false;
  readonly runId: RunId;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** A JSON string: a text of Postgres cannot hold the character 0. */
  readonly text: string;
  /** JSON with sorted keys, so that equal values are equal texts. */
  readonly value: string;
}

interface TombstoneRow extends RowHead {
  readonly isDeleted: true;
  readonly runId: null;
  readonly createdAt: null;
  readonly expiresAt: null;
  readonly text: null;
  readonly value: null;
}

/** An entry as its row holds it. */
export type EntryRow = KeptRow | TombstoneRow;

/** The columns of an `EntryRow`, for a SELECT from `entries`. */
export const ENTRY_COLUMNS = `id, namespace, kind, key, version, updated_at AS "updatedAt", is_deleted AS "isDeleted",
  run_id AS "runId", created_at AS "createdAt", expires_at AS "expiresAt", text, value`;

/** The entry of a row. The record alone has written it, so it is not checked again. */
export function toEntry(row: EntryRow): MemoryEntry {
  const { id, namespace, kind, key, version, updatedAt } = row;
  const head = { id, namespace, kind, key, version, updatedAt };
  if (row.isDeleted) return { ...head, isDeleted: true };
  const { runId, createdAt, expiresAt } = row;
  const value = JSON.parse(row.value) as EntryValue;
  const text = JSON.parse(row.text) as string;
  return { ...head, isDeleted: false, value, text, runId, createdAt, expiresAt };
}

/** The row of an entry. */
export function toEntryRow(entry: MemoryEntry): EntryRow {
  const { id, namespace, kind, key, version, updatedAt } = entry;
  const head = { id, namespace, kind, key, version, updatedAt };
  if (entry.isDeleted) {
    return { ...head, isDeleted: true, runId: null, createdAt: null, expiresAt: null, text: null, value: null };
  }
  const { runId, createdAt, expiresAt } = entry;
  const text = JSON.stringify(entry.text);
  return { ...head, isDeleted: false, runId, createdAt, expiresAt, text, value: toCanonicalJson(entry.value) };
}

/** What an entry weighs against the limit of the memory. */
export function measureEntry(entry: MemoryEntry): number {
  return entry.isDeleted ? 0 : Buffer.byteLength(toCanonicalJson(entry.value)) + Buffer.byteLength(entry.text);
}
