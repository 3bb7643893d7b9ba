import type { EntryId } from '../../domain/ids.ts';
import {
  SEARCHED_KINDS,
  type EntryKind,
  type KeptEntry,
  type MemoryEntry,
  type NewEntry,
} from '../../domain/memory-entry.ts';
import { checkNewEntry } from '../check-new-entry.ts';
import { createEntryId } from '../entry-id.ts';
import { ENTRY_COLUMNS, measureRow, toEntryRow, toKeptEntry, type EntryRow, type KeptRow } from './entry-row.ts';
import { nameScope } from './entry-search.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

/** Changes of entries: each is one transaction with its place in the outbox and its words. */
export interface EntryWrites {
  put(entry: NewEntry): KeptEntry;
  adopt(entry: MemoryEntry): boolean;
  recover(entry: MemoryEntry): boolean;
  /** With a version, only while the entry has it. */
  remove(id: EntryId, version?: number): boolean;
}

const UPSERT = `
  INSERT INTO entries (id, namespace, kind, key, version, updated_at, is_deleted, sequence, changed_at, size_bytes,
    run_id, created_at, expires_at, text, value)
  VALUES (@id, @namespace, @kind, @key, @version, @updatedAt, @isDeleted, @sequence, @changedAt, @sizeBytes,
    @runId, @createdAt, @expiresAt, @text, @value)
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at,
    is_deleted = excluded.is_deleted, sequence = excluded.sequence, changed_at = excluded.changed_at,
    size_bytes = excluded.size_bytes, run_id = excluded.run_id, created_at = excluded.created_at,
    expires_at = excluded.expires_at, text = excluded.text, value = excluded.value
  RETURNING number`;

/** Prepares the changes on a connection. */
export function prepareEntryWrites(connection: SqliteConnection): EntryWrites {
  const { database } = connection;
  const select = database.prepare<[EntryId], EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE id = ?`);
  const selectForgotten = database.prepare<[], number>('SELECT forgotten_version FROM entry_counters').pluck();
  const write = prepareWrite(connection);

  const put = database.transaction((entry: NewEntry): KeptEntry => {
    const id = createEntryId(entry);
    const old = select.get(id);
    const now = isoNow(connection);
    const version = (old?.version ?? selectForgotten.get() ?? 0) + 1;
    const createdAt = old?.createdAt ?? now;
    const kept = { ...entry, id, version, updatedAt: now, isDeleted: false, createdAt } as const;
    const row = toEntryRow(kept);
    if (old && isSame(old, row)) return toKeptEntry(old);
    write(row);
    return kept;
  });

  const takeIn = (entry: MemoryEntry, unknownVersion: number): boolean => {
    if ((select.get(entry.id)?.version ?? unknownVersion) >= entry.version) return false;
    write(toEntryRow(entry));
    return true;
  };
  const adopt = database.transaction((entry: MemoryEntry): boolean => takeIn(entry, 0));
  const recover = database.transaction((entry: MemoryEntry): boolean => takeIn(entry, selectForgotten.get() ?? 0));

  const remove = database.transaction((id: EntryId, seen?: number): boolean => {
    const old = select.get(id);
    if (!old || old.isDeleted === 1 || (seen !== undefined && old.version !== seen)) return false;
    const { namespace, kind, key, version } = old;
    const head = { id, namespace, kind, key, version: version + 1, updatedAt: isoNow(connection) };
    write(toEntryRow({ ...head, isDeleted: true }));
    return true;
  });

  return {
    put: (entry) => put.immediate(checkNewEntry(entry)),
    adopt: (entry) => adopt.immediate(entry),
    recover: (entry) => recover.immediate(entry),
    remove: (id, version) => remove.immediate(id, version),
  };
}

/** Writes a row, gives it its place in the outbox and brings its words up to date. */
function prepareWrite(connection: SqliteConnection): (row: EntryRow) => void {
  const { database } = connection;
  const count = database
    .prepare<[], number>('UPDATE entry_counters SET last_sequence = last_sequence + 1 RETURNING last_sequence')
    .pluck();
  const upsert = database.prepare<[object], number>(UPSERT).pluck();
  const forgetWords = database.prepare('DELETE FROM entry_words WHERE rowid = ?');
  const addWords = database.prepare('INSERT INTO entry_words (rowid, scope, words) VALUES (?, ?, ?)');
  return (row) => {
    // Embeddings are asked for again where they are missing: no copy has them.
    const sequence = row.kind === 'embedding' ? null : count.get();
    const number = upsert.get({ ...row, sequence, changedAt: isoNow(connection), sizeBytes: measureRow(row) });
    if (!isSearched(row.kind)) return;
    forgetWords.run(number);
    if (row.isDeleted === 0) addWords.run(number, nameScope(row.namespace, row.kind), row.text);
  };
}

function isSearched(kind: EntryKind): boolean {
  return (SEARCHED_KINDS as readonly EntryKind[]).includes(kind);
}

function isSame(old: EntryRow, { value, text, expiresAt }: EntryRow): old is KeptRow {
  return old.isDeleted === 0 && old.value === value && old.text === text && old.expiresAt === expiresAt;
}
