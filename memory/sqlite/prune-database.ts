import type Database from 'better-sqlite3';
import type { ContentHash, RunId } from '../../domain/ids.ts';
import type { PruneReport } from '../ports.ts';
import { ARTIFACT_RENEWAL_MS } from './artifact-store.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** Runs in one transaction; a run may have thousands of events, and other writers wait meanwhile. */
const RUNS_PER_TRANSACTION = 10;
const ARTIFACTS_PER_TRANSACTION = 500;
const HASHES = /[0-9a-f]{64}/g;

/**
 * Removes runs that ended before a time, with their events and step results, and artifacts that nothing refers to and nobody
 * used since, and what was learned of hosts that have not been used since. Remembered answers carry their texts with them, so
 * they hold no artifacts. The file keeps its size; the space is used again.
 * `before` is ISO 8601 in UTC.
 */
export async function pruneDatabase(connection: SqliteConnection, before: string): Promise<PruneReport> {
  const runs = await pruneRuns(connection, before);
  await pruneKnowledge(connection, before);
  const artifacts = await pruneArtifacts(connection, before);
  return { runs, artifacts };
}

async function pruneRuns({ database, perform }: SqliteConnection, before: string): Promise<number> {
  const select = database
    .prepare<[string, number], RunId>(
      `SELECT id FROM runs WHERE status NOT IN ('queued', 'running') AND updated_at < ? LIMIT ?`,
    )
    .pluck();
  const removals = ['run_events WHERE run_id', 'step_results WHERE run_id', 'runs WHERE id'].map((rows) =>
    database.prepare(`DELETE FROM ${rows} = ?`),
  );
  const removeSome = database.transaction(() => {
    const ids = select.all(before, RUNS_PER_TRANSACTION);
    for (const id of ids) for (const removal of removals) removal.run(id);
    return ids.length;
  });
  return repeatUntilDone(() => perform('prune.runs', () => removeSome.immediate()));
}

/** What was measured of a host so long ago says nothing of it any more. */
async function pruneKnowledge({ database, perform }: SqliteConnection, before: string): Promise<void> {
  const remove = database.prepare('DELETE FROM node_knowledge WHERE learned_at < ?');
  await perform('prune.knowledge', () => remove.run(before));
}

async function pruneArtifacts({ database, perform }: SqliteConnection, before: string): Promise<number> {
  const { cutoff, unused } = await perform('prune.artifacts', () => {
    const cutoff = findArtifactCutoff(database, before);
    return { cutoff, unused: findUnusedArtifacts(database, cutoff) };
  });
  // The time is compared again: another process may have put the text meanwhile.
  const remove = database.prepare('DELETE FROM artifacts WHERE hash = ? AND used_at < ?');
  const removeAll = database.transaction((hashes: readonly ContentHash[]) =>
    hashes.reduce((count, hash) => count + remove.run(hash, cutoff).changes, 0),
  );
  return repeatUntilDone(() =>
    perform('prune.artifacts', () => removeAll.immediate(unused.splice(0, ARTIFACTS_PER_TRANSACTION))),
  );
}

/** Open runs hold artifacts by hashes that only their workflows know, so what is younger than the oldest of them stays. */
function findArtifactCutoff(database: Database.Database, before: string): string {
  const oldestOpen = database
    .prepare<[], string | null>(`SELECT min(created_at) FROM runs WHERE status IN ('queued', 'running')`)
    .pluck()
    .get();
  const limit = Math.min(Date.parse(before), Date.parse(oldestOpen ?? before));
  return new Date(limit - ARTIFACT_RENEWAL_MS).toISOString();
}

function findUnusedArtifacts(database: Database.Database, cutoff: string): ContentHash[] {
  const texts = database
    .prepare<[], string>(`SELECT value FROM step_results UNION ALL SELECT result FROM runs WHERE result IS NOT NULL`)
    .pluck();
  const referred = new Set<string>();
  for (const text of texts.iterate()) for (const hash of text.match(HASHES) ?? []) referred.add(hash);
  const old = database.prepare<[string], ContentHash>('SELECT hash FROM artifacts WHERE used_at < ?').pluck();
  return old.all(cutoff).filter((hash) => !referred.has(hash));
}

/** Does the work until it removes nothing more; between two pieces the process and other writers get their turn. */
async function repeatUntilDone(removeSome: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let count = await removeSome(); count > 0; count = await removeSome()) {
    total += count;
    await new Promise(setImmediate);
  }
  return total;
}
