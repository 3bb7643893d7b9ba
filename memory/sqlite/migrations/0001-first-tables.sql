-- Texts by the SHA-256 of their content. `used_at` tells what retention may remove.
CREATE TABLE artifacts (
  hash TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  used_at TEXT NOT NULL,
  content TEXT NOT NULL
) STRICT;

-- The first accepted result of each step. No foreign key: a step may be accepted before the run's row is written.
CREATE TABLE step_results (
  step_key TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  accepted_at TEXT NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE INDEX step_results_by_run ON step_results (run_id);

-- The run table. Prompts lie apart: they may be large, and progress rewrites the row often.
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  priority INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  progress TEXT,
  result TEXT,
  error TEXT
) STRICT;
CREATE INDEX runs_by_age ON runs (created_at, id);
CREATE INDEX runs_by_status ON runs (status, created_at, id);

CREATE TABLE run_prompts (
  run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  prompt TEXT NOT NULL
) STRICT;

-- What happens in a run. Rows are read in the order of the primary key, so they are stored in it.
CREATE TABLE run_events (
  run_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  at TEXT NOT NULL,
  part_id TEXT,
  step_key TEXT,
  attempt INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run_id, sequence)
) STRICT, WITHOUT ROWID;
-- Tells at once whether a run has ended.
CREATE INDEX run_events_finished ON run_events (run_id, sequence) WHERE type = 'run.finished';

-- Verified answers by the hash of everything that shaped them.
CREATE TABLE recalled_results (
  recall_key TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  remembered_at TEXT NOT NULL,
  result TEXT NOT NULL
) STRICT;

-- What the fleet owner last saw, in its order.
CREATE TABLE node_snapshots (
  position INTEGER PRIMARY KEY,
  snapshot TEXT NOT NULL
) STRICT;

-- Who holds which duty. Times are milliseconds since 1970.
CREATE TABLE ownerships (
  duty TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  claimed_at_ms INTEGER NOT NULL,
  lease_ms INTEGER NOT NULL
) STRICT;
