import type { EntryId, RunId } from '../../domain/ids.ts';
import { SynthesisFailure } from '../../domain/failure.ts';
import { ENTRY_KINDS, type EntryKind } from '../../domain/memory-entry.ts';
import type { EntryFilter, EntryRecord, EntryStats } from '../entry-ports.ts';
import { checkNewEntry } from '../check-new-entry.ts';
import { requirePageSize } from '../page-size.ts';
import { createEntryOutbox } from './entry-outbox.ts';
import { createEntryRetention } from './entry-retention.ts';
import { ENTRY_COLUMNS, toEntry, type EntryRow } from './entry-row.ts';
import { createTextSearch } from './entry-search.ts';
import { createWriteAlone } from './entry-writes.ts';
import { isoNow, type PostgresConnection } from './postgres-connection.ts';

/** The system of record of entries in Postgres: the table `entries` and those of the relay. */
export function createEntryRecord(connection: PostgresConnection): EntryRecord {
  const writeAlone = createWriteAlone(connection);
  return {
    identity: () => readIdentity(connection),
    async put(entry) {
      const checked = checkNewEntry(entry);
      return writeAlone('entries.put', (writes) => writes.put(checked));
    },
    adopt: (entry) => writeAlone('entries.adopt', (writes) => writes.adopt(entry)),
    recover: (entry) => writeAlone('entries.recover', (writes) => writes.recover(entry)),
    remove: (id) => writeAlone('entries.remove', (writes) => writes.remove(id)),
    ...createReads(connection),
    searchText: createTextSearch(connection),
    ...createEntryOutbox(connection),
    retain: createEntryRetention(connection, writeAlone),
    stats: () => readStats(connection),
  };
}

async function readIdentity({ perform }: PostgresConnection): Promise<string> {
  const sql = 'SELECT identity FROM entry_counters';
  const row = await perform('entries.identity', (session) => session.row<{ identity: string }>(sql));
  if (row === undefined) throw new SynthesisFailure('InvariantBroken', 'The record has lost its counters.');
  return row.identity;
}

function createReads({ perform }: PostgresConnection): Pick<EntryRecord, 'read' | 'readMany' | 'list'> {
  return {
    async read(id) {
      // A list of one is planned anew each time, which takes longer than the read.
      const sql = `SELECT ${ENTRY_COLUMNS} FROM entries WHERE id = $1`;
      const row = await perform('entries.read', (session) => session.row<EntryRow>(sql, [id]));
      return row && toEntry(row);
    },
    async readMany(ids) {
      const sql = `SELECT ${ENTRY_COLUMNS} FROM entries WHERE id = ANY($1)`;
      const rows = await perform('entries.readMany', (session) => session.rows<EntryRow>(sql, [ids]));
      const entries = new Map(rows.map((row) => [row.id, toEntry(row)]));
      return ids.flatMap((id) => entries.get(id) ?? []);
    },
    async list(filter) {
      requirePageSize(filter.limit);
      const [sql, values] = filter.runId === undefined ? selectPage(filter) : selectPageOfRun(filter, filter.runId);
      const rows = await perform('entries.list', (session) => session.rows<EntryRow>(sql, values));
      return rows.map(toEntry);
    },
  };
}

/** Each kind has a page of its own from the index: one condition for all would go through the IDs of every kind. */
function selectPage({ namespace, kinds = ENTRY_KINDS, after = '' as EntryId, limit }: EntryFilter) {
  const within = namespace === undefined ? '' : 'AND namespace = $4';
  const sql = `SELECT ${ENTRY_COLUMNS} FROM unnest($2::text[]) AS wanted (kind_wanted) CROSS JOIN LATERAL (
      SELECT * FROM entries WHERE id > $1 AND kind = kind_wanted ${within} ORDER BY id LIMIT $3
    ) AS pages ORDER BY id LIMIT $3`;
  return [sql, [after, [...new Set(kinds)], limit, ...(namespace === undefined ? [] : [namespace])]] as const;
}

/** What one run has left is little, so that the conditions need no index of their own. */
function selectPageOfRun({ namespace, kinds = ENTRY_KINDS, after = '' as EntryId, limit }: EntryFilter, runId: RunId) {
  const within = namespace === undefined ? '' : 'AND namespace = $5';
  const sql = `SELECT ${ENTRY_COLUMNS} FROM entries
    WHERE run_id = $1 AND id > $2 AND kind = ANY($3::text[]) ${within} ORDER BY id LIMIT $4`;
  return [sql, [runId, after, kinds, limit, ...(namespace === undefined ? [] : [namespace])]] as const;
}

interface KindCount {
  readonly kind: EntryKind;
  readonly isDeleted: boolean;
  readonly count: number;
  readonly sizeBytes: number;
}

const COUNT_KINDS = `
  SELECT kind, is_deleted AS "isDeleted", count(*) AS count, sum(size_bytes)::bigint AS "sizeBytes" FROM entries
  WHERE expires_at IS NULL OR expires_at > $1 GROUP BY kind, is_deleted`;

async function readStats(connection: PostgresConnection): Promise<EntryStats> {
  const counts = await connection.perform('entries.stats', (session) =>
    session.rows<KindCount>(COUNT_KINDS, [isoNow(connection)]),
  );
  const live = counts.filter((kind) => !kind.isDeleted);
  const countOf = (wanted: EntryKind) => live.find(({ kind }) => kind === wanted)?.count ?? 0;
  return {
    countByKind: Object.fromEntries(ENTRY_KINDS.map((kind) => [kind, countOf(kind)])) as Record<EntryKind, number>,
    tombstones: sumOf(counts.filter((kind) => kind.isDeleted).map((kind) => kind.count)),
    sizeBytes: sumOf(live.map((kind) => kind.sizeBytes)),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
