-- Texts by the SHA-256 of their content. `used_at` tells what retention may remove.
CREATE TABLE artifacts (
  hash TEXT COLLATE "C" PRIMARY KEY,
  size_bytes BIGINT NOT NULL,
  used_at TEXT COLLATE "C" NOT NULL,
  -- UTF-8: a text of Postgres cannot hold the character 0.
  content BYTEA NOT NULL
);

-- The first accepted result of each step. No foreign key: a step may be accepted before the run's row is written.
CREATE TABLE step_results (
  step_key TEXT COLLATE "C" PRIMARY KEY,
  run_id TEXT NOT NULL,
  accepted_at TEXT NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX step_results_by_run ON step_results (run_id);

-- The run table. Large columns lie apart by themselves in Postgres, so that progress does not rewrite prompts.
CREATE TABLE runs (
  id TEXT COLLATE "C" PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  priority INTEGER NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  updated_at TEXT COLLATE "C" NOT NULL,
  progress TEXT,
  result TEXT,
  error TEXT,
  -- A JSON string.
  prompt TEXT NOT NULL
);
CREATE INDEX runs_by_age ON runs (created_at, id);
CREATE INDEX runs_by_status ON runs (status, created_at, id);

-- What happens in a run.
CREATE TABLE run_events (
  run_id TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  at TEXT NOT NULL,
  part_id TEXT,
  step_key TEXT,
  attempt INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run_id, sequence)
);
-- Tells at once whether a run has ended.
CREATE INDEX run_events_finished ON run_events (run_id, sequence) WHERE type = 'run.finished';

-- What the fleet owner last saw, in its order: one row.
CREATE TABLE node_snapshots (
  only_one BOOLEAN PRIMARY KEY CHECK (only_one),
  snapshots TEXT NOT NULL
);

-- Who holds which duty. Times are milliseconds since 1970.
CREATE TABLE ownerships (
  duty TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  claimed_at_ms BIGINT NOT NULL,
  lease_ms BIGINT NOT NULL
);

-- What people have said of the hosts: those that they added, and what they want of any. A removed one stays as a tombstone,
-- so that neither settings nor discovery bring it back. Tokens are never kept, only the names of variables that hold them.
CREATE TABLE node_registry (
  id TEXT PRIMARY KEY,
  -- In the order in which each was first spoken of.
  position BIGINT NOT NULL,
  url TEXT NOT NULL,
  wanted TEXT NOT NULL CHECK (wanted IN ('active', 'draining', 'removed')),
  is_added BOOLEAN NOT NULL,
  slots INTEGER,
  vram_bytes BIGINT,
  token_variable TEXT,
  -- Who wants a look at once counts up the first; the owner of the fleet follows with the second.
  probes_asked INTEGER NOT NULL DEFAULT 0,
  probes_answered INTEGER NOT NULL DEFAULT 0
);

-- The last grants of the scheduler, oldest first; see `decision-log.ts` for how many. An outcome comes when the call is over.
CREATE TABLE fleet_decisions (
  sequence BIGINT PRIMARY KEY,
  lease_id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL,
  node_id TEXT NOT NULL,
  decision TEXT NOT NULL,
  outcome TEXT
);

-- What was measured of each host, for the next owner of the fleet. It holds for this URL only.
CREATE TABLE node_knowledge (
  node_id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  learned_at TEXT COLLATE "C" NOT NULL,
  knowledge TEXT NOT NULL
);
