-- What is remembered over runs: one row per namespace, kind and key. A deleted entry stays as a tombstone. IDs and times are
-- compared byte by byte, whatever the locale of the database.
CREATE TABLE entries (
  id TEXT COLLATE "C" PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('answer', 'work', 'lesson', 'embedding')),
  key TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  updated_at TEXT COLLATE "C" NOT NULL,
  is_deleted BOOLEAN NOT NULL,
  -- The place of the last change in the outbox; empty for what is not copied. See `relay_targets`.
  sequence BIGINT UNIQUE,
  -- When this record took the change in; `updated_at` may come from another machine.
  changed_at TEXT COLLATE "C" NOT NULL,
  -- Bytes of value and text together.
  size_bytes BIGINT NOT NULL,
  run_id TEXT,
  created_at TEXT,
  expires_at TEXT COLLATE "C",
  -- As JSON, which says what Postgres cannot keep in a text: the character 0.
  text TEXT,
  value TEXT,
  -- The words of entries that are searched, and one that stands for namespace and kind.
  words TSVECTOR,
  CHECK (is_deleted OR (run_id IS NOT NULL AND created_at IS NOT NULL AND text IS NOT NULL AND value IS NOT NULL))
);
-- Each kind has its own piece, so that a rare one is listed without a look at the others.
CREATE INDEX entries_by_kind ON entries (kind, id);
CREATE INDEX entries_by_namespace ON entries (namespace, kind, id);
-- What a run has left; few entries each.
CREATE INDEX entries_by_run ON entries (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX entries_by_age ON entries (updated_at, id);
CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX entries_by_words ON entries USING gin (words);

-- The stems of words, as SQLite's search takes them; `simple` alone would tell `sorts` from `sort`. No word is left out. They
-- have a schema of their own, so that the tables can be replaced by a copy of them.
DROP SCHEMA IF EXISTS hydra_search CASCADE;
CREATE SCHEMA hydra_search;
CREATE TEXT SEARCH DICTIONARY hydra_search.stems (TEMPLATE = snowball, LANGUAGE = porter);
CREATE TEXT SEARCH CONFIGURATION hydra_search.words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION hydra_search.words ALTER MAPPING REPLACE simple WITH hydra_search.stems;

-- The outbox: an entry whose sequence is above the position of a copy waits for it. An entry that changes again moves to the
-- end, so that each copy gets the newest version, once, and nothing has to be removed when all have it.
CREATE TABLE relay_targets (
  target TEXT PRIMARY KEY,
  position BIGINT NOT NULL,
  -- Added to every sequence that is told of this copy, and new whenever it begins anew: what was told before is below it, so
  -- that a confirmation which comes too late confirms nothing.
  base BIGINT NOT NULL,
  -- Since when it is filled from the beginning.
  begun_at TEXT COLLATE "C" NOT NULL
);

-- Changes that a copy refused again and again. A later change of the entry is tried anew.
CREATE TABLE relay_dead_letters (
  target TEXT NOT NULL,
  entry_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  reason TEXT NOT NULL,
  buried_at TEXT NOT NULL,
  PRIMARY KEY (target, entry_id)
);

-- One row. Whoever counts holds it until the end of the transaction, so that the order of the sequences is the order in which
-- the changes become visible. A sequence of Postgres would not do: a copy could confirm 7 while 6 is not there yet, and never
-- see it.
CREATE TABLE entry_counters (
  last_sequence BIGINT NOT NULL,
  last_base BIGINT NOT NULL,
  -- The highest version of an entry of which not even a tombstone is left: new ones begin above it, because a copy that was
  -- away may still have that version.
  forgotten_version BIGINT NOT NULL,
  -- Which record this is, by chance: what servers keep for several records is told apart by it.
  identity TEXT NOT NULL
);
INSERT INTO entry_counters VALUES (0, 0, 0, replace(gen_random_uuid()::text, '-', ''));

-- Copies of the entries of a record elsewhere: what this database keeps when it is not the record itself.
CREATE TABLE entry_copies (
  id TEXT COLLATE "C" PRIMARY KEY,
  version BIGINT NOT NULL,
  is_deleted BOOLEAN NOT NULL,
  -- The whole entry as JSON.
  entry TEXT NOT NULL
);
