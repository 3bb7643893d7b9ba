-- What is remembered over runs: one row per namespace, kind and key. A deleted entry stays as a tombstone. The large columns
-- come last, so that counting and ordering do not read them.
CREATE TABLE entries (
  -- Never changes, so that the index of words may refer to it.
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  namespace TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('answer', 'work', 'lesson', 'embedding')),
  key TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  updated_at TEXT NOT NULL,
  is_deleted INTEGER NOT NULL,
  -- The place of the last change in the outbox; empty for what is not copied. See `relay_targets`.
  sequence INTEGER UNIQUE,
  -- When this record took the change in; `updated_at` may come from another machine.
  changed_at TEXT NOT NULL,
  -- Bytes of value and text together.
  size_bytes INTEGER NOT NULL,
  run_id TEXT,
  created_at TEXT,
  expires_at TEXT,
  text TEXT,
  value TEXT,
  CHECK (is_deleted OR (run_id IS NOT NULL AND created_at IS NOT NULL AND text IS NOT NULL AND value IS NOT NULL))
) STRICT;
-- Each kind has its own piece, so that a rare one is listed without a look at the others.
CREATE INDEX entries_by_kind ON entries (kind, id);
CREATE INDEX entries_by_namespace ON entries (namespace, kind, id);
-- What a run has left; few entries each.
CREATE INDEX entries_by_run ON entries (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX entries_by_age ON entries (is_deleted, updated_at, expires_at, size_bytes);
-- All that counting needs: 10 milliseconds for 100,000 entries.
CREATE INDEX entries_by_count ON entries (kind, is_deleted, expires_at, size_bytes);

-- The words of entries that are searched, by `entries.number`. It keeps no text of its own. `scope` is one word for namespace
-- and kind, so that a search reads no entries of others.
CREATE VIRTUAL TABLE entry_words USING fts5 (
  scope, words, content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

-- The outbox: an entry whose sequence is above the position of a copy waits for it. An entry that changes again moves to the
-- end, so that each copy gets the newest version, once, and nothing has to be removed when all have it.
CREATE TABLE relay_targets (
  target TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  -- Added to every sequence that is told of this copy, and new whenever it begins anew: what was told before is below it, so
  -- that a confirmation which comes too late confirms nothing.
  base INTEGER NOT NULL,
  -- Since when it is filled from the beginning.
  begun_at TEXT NOT NULL
) STRICT;

-- Changes that a copy refused again and again. A later change of the entry is tried anew.
CREATE TABLE relay_dead_letters (
  target TEXT NOT NULL,
  entry_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  reason TEXT NOT NULL,
  buried_at TEXT NOT NULL,
  PRIMARY KEY (target, entry_id)
) STRICT, WITHOUT ROWID;

-- One row.
CREATE TABLE entry_counters (
  last_sequence INTEGER NOT NULL,
  last_base INTEGER NOT NULL,
  -- The highest version of an entry of which not even a tombstone is left: new ones begin above it, because a copy that was
  -- away may still have that version.
  forgotten_version INTEGER NOT NULL,
  -- Which record this is, by chance: what servers keep for several records is told apart by it.
  identity TEXT NOT NULL
) STRICT;

-- Verified answers become entries and carry their programs with them. `sha256` is Hydra's; see `migrate-database.ts`.
INSERT INTO entries (
  id, namespace, kind, key, version, updated_at, is_deleted, sequence, changed_at, size_bytes, run_id, created_at, text, value
)
SELECT
  sha256('default' || char(10) || 'answer' || char(10) || recall_key), 'default', 'answer', recall_key, 1, remembered_at, 0,
  row_number() OVER (ORDER BY remembered_at), remembered_at, octet_length(value), run_id, remembered_at, '', value
FROM (
  SELECT
    recall_key, remembered_at, run_id,
    json_object('kind', 'answer', 'result', json(result), 'texts', json_object(hash, content)) AS value
  FROM recalled_results JOIN artifacts ON hash = json_extract(result, '$.programHash')
);
DROP TABLE recalled_results;

INSERT INTO entry_counters SELECT coalesce(max(sequence), 0), 0, 0, lower(hex(randomblob(16))) FROM entries;
