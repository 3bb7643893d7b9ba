-- What people have said of the hosts: those that they added, and what they want of any. A removed one stays as a tombstone,
-- so that neither settings nor discovery bring it back. Tokens are never kept, only the names of variables that hold them.
CREATE TABLE node_registry (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  wanted TEXT NOT NULL CHECK (wanted IN ('active', 'draining', 'removed')),
  is_added INTEGER NOT NULL,
  slots INTEGER,
  vram_bytes INTEGER,
  token_variable TEXT,
  -- Who wants a look at once counts up the first; the owner of the fleet follows with the second.
  probes_asked INTEGER NOT NULL DEFAULT 0,
  probes_answered INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The last grants of the scheduler, oldest first; see `decision-log.ts` for how many. An outcome comes when the call is over.
CREATE TABLE fleet_decisions (
  sequence INTEGER PRIMARY KEY,
  lease_id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL,
  node_id TEXT NOT NULL,
  decision TEXT NOT NULL,
  outcome TEXT
) STRICT;

-- What was measured of each host, for the next owner of the fleet. It holds for this URL only.
CREATE TABLE node_knowledge (
  node_id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  learned_at TEXT NOT NULL,
  knowledge TEXT NOT NULL
) STRICT;

-- Older snapshots say less of models in memory; the owner of the fleet writes them anew within a second.
DELETE FROM node_snapshots;
