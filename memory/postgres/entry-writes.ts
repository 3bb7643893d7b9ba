import type { EntryId } from '../../domain/ids.ts';
import type { KeptEntry, MemoryEntry, NewEntry } from '../../domain/memory-entry.ts';
import { createEntryId } from '../entry-id.ts';
import { ENTRY_COLUMNS, measureEntry, toEntry, toEntryRow, type EntryRow } from './entry-row.ts';
import { indexWords, writeWords } from './entry-search.ts';
import { isoNow, type PostgresConnection, type PostgresSession } from './postgres-connection.ts';
import { createSlots } from './slots.ts';

/** Does work in a transaction in which nobody else changes entries. */
export type WriteAlone = <T>(action: string, work: (writes: EntryWrites) => Promise<T>) => Promise<T>;

/** Changes of entries within one transaction: each with its place in the outbox and its words. */
export interface EntryWrites {
  readonly session: PostgresSession;
  put(entry: NewEntry): Promise<KeptEntry>;
  adopt(entry: MemoryEntry): Promise<boolean>;
  recover(entry: MemoryEntry): Promise<boolean>;
  /** With a version, only while the entry has it. */
  remove(id: EntryId, version?: number): Promise<boolean>;
}

/** How long a write waits for those before it in this process: at a few milliseconds each, that is thousands. */
const TURN_TIMEOUT_MS = 30_000;

const LOCK = 'SELECT forgotten_version AS "forgottenVersion" FROM entry_counters FOR UPDATE';

/** Embeddings are asked for again where they are missing: no copy has them, so they have no place in the outbox. */
const WRITE = `
  WITH counted AS (
    UPDATE entry_counters SET last_sequence = last_sequence + 1 WHERE $3 <> 'embedding' RETURNING last_sequence
  )
  INSERT INTO entries (id, namespace, kind, key, version, updated_at, is_deleted, run_id, created_at, expires_at, text, value,
    changed_at, size_bytes, words, sequence)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, ${writeWords('$15', '$16')},
    (SELECT last_sequence FROM counted))
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at,
    is_deleted = excluded.is_deleted, run_id = excluded.run_id, created_at = excluded.created_at,
    expires_at = excluded.expires_at, text = excluded.text, value = excluded.value, changed_at = excluded.changed_at,
    size_bytes = excluded.size_bytes, words = excluded.words, sequence = excluded.sequence`;

/**
 * Creates the way to change entries. Writers take turns: in this process in a queue, so that they do not take all connections
 * from readers, and among processes at the row of `entry_counters`.
 */
export function createWriteAlone(connection: PostgresConnection): WriteAlone {
  const turns = createSlots(1, TURN_TIMEOUT_MS);
  return (action, work) =>
    turns.use(() =>
      connection.transact(action, async (session) => {
        const { forgottenVersion = 0 } = (await session.row<{ forgottenVersion: number }>(LOCK)) ?? {};
        return work(createWrites(connection, session, forgottenVersion));
      }),
    );
}

function createWrites(connection: PostgresConnection, session: PostgresSession, forgottenVersion: number): EntryWrites {
  const select = (id: EntryId) => session.row<EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE id = $1`, [id]);
  const write = (entry: MemoryEntry) => session.run(WRITE, toValues(entry, isoNow(connection)));
  const takeIn = async (entry: MemoryEntry, unknownVersion: number): Promise<boolean> => {
    if (((await select(entry.id))?.version ?? unknownVersion) >= entry.version) return false;
    await write(entry);
    return true;
  };
  return {
    session,
    async put(entry) {
      const id = createEntryId(entry);
      const old = await select(id);
      const now = isoNow(connection);
      const version = (old?.version ?? forgottenVersion) + 1;
      const kept = {
        ...entry,
        id,
        version,
        updatedAt: now,
        isDeleted: false,
        createdAt: old?.createdAt ?? now,
      } as const;
      if (old && isSame(old, toEntryRow(kept))) return toEntry(old) as KeptEntry;
      await write(kept);
      return kept;
    },
    adopt: (entry) => takeIn(entry, 0),
    recover: (entry) => takeIn(entry, forgottenVersion),
    async remove(id, seen) {
      const old = await select(id);
      if (!old || old.isDeleted || (seen !== undefined && old.version !== seen)) return false;
      const { namespace, kind, key, version } = old;
      const head = { id, namespace, kind, key, version: version + 1, updatedAt: isoNow(connection) };
      await write({ ...head, isDeleted: true });
      return true;
    },
  };
}

function toValues(entry: MemoryEntry, changedAt: string): readonly unknown[] {
  const row = toEntryRow(entry);
  const head = [row.id, row.namespace, row.kind, row.key, row.version, row.updatedAt, row.isDeleted];
  const body = [row.runId, row.createdAt, row.expiresAt, row.text, row.value];
  const { words, scope } = indexWords(entry);
  return [...head, ...body, changedAt, measureEntry(entry), words, scope];
}

function isSame(old: EntryRow, { value, text, expiresAt }: EntryRow): boolean {
  return !old.isDeleted && old.value === value && old.text === text && old.expiresAt === expiresAt;
}
