import type { ContentHash, RunId } from '../../domain/ids.ts';
import type { PruneReport } from '../ports.ts';
import { ARTIFACT_RENEWAL_MS } from './artifact-store.ts';
import type { PostgresConnection, PostgresSession } from './postgres-connection.ts';

/** Runs in one transaction; a run may have thousands of events. */
const RUNS_PER_TRANSACTION = 10;
const ARTIFACTS_PER_TRANSACTION = 500;
/** Texts that are searched for hashes at a time; each may be a megabyte. */
const TEXTS_PER_PAGE = 50;
const HASHES = /[0-9a-f]{64}/g;

/**
 * Removes runs that ended before a time, with their events and step results, and artifacts that nothing refers to and nobody
 * used since, and what was learned of hosts that have not been used since. `before` is ISO 8601 in UTC.
 */
export async function pruneDatabase(connection: PostgresConnection, before: string): Promise<PruneReport> {
  const runs = await repeatUntilDone(() => connection.transact('prune.runs', (session) => removeRuns(session, before)));
  await connection.perform('prune.knowledge', (session) =>
    session.run('DELETE FROM node_knowledge WHERE learned_at < $1', [before]),
  );
  return { runs, artifacts: await pruneArtifacts(connection, before) };
}

const ENDED_RUNS = `SELECT id FROM runs WHERE status NOT IN ('queued', 'running') AND updated_at < $1 LIMIT $2`;

async function removeRuns(session: PostgresSession, before: string): Promise<number> {
  const rows = await session.rows<{ id: RunId }>(ENDED_RUNS, [before, RUNS_PER_TRANSACTION]);
  const ids = rows.map(({ id }) => id);
  await session.run('DELETE FROM run_events WHERE run_id = ANY($1)', [ids]);
  await session.run('DELETE FROM step_results WHERE run_id = ANY($1)', [ids]);
  return session.run('DELETE FROM runs WHERE id = ANY($1)', [ids]);
}

async function pruneArtifacts({ perform }: PostgresConnection, before: string): Promise<number> {
  const cutoff = await perform('prune.artifacts', (session) => findCutoff(session, before));
  const old = await perform('prune.artifacts', (session) =>
    session.rows<{ hash: ContentHash }>('SELECT hash FROM artifacts WHERE used_at < $1', [cutoff]),
  );
  const unused = new Set(old.map(({ hash }) => hash));
  for (const texts of [STEP_TEXTS, RUN_TEXTS]) {
    await forEachText(texts, perform, (text) => {
      for (const hash of text.match(HASHES) ?? []) unused.delete(hash as ContentHash);
    });
  }
  const waiting = [...unused];
  // The time is compared again: another process may have put the text meanwhile.
  return repeatUntilDone(() =>
    perform('prune.artifacts', (session) =>
      session.run('DELETE FROM artifacts WHERE hash = ANY($1) AND used_at < $2', [
        waiting.splice(0, ARTIFACTS_PER_TRANSACTION),
        cutoff,
      ]),
    ),
  );
}

/** Open runs hold artifacts by hashes that only their workflows know, so what is younger than the oldest of them stays. */
async function findCutoff(session: PostgresSession, before: string): Promise<string> {
  const sql = `SELECT min(created_at) AS oldest FROM runs WHERE status IN ('queued', 'running')`;
  const oldestOpen = (await session.row<{ oldest: string | null }>(sql))?.oldest;
  const limit = Math.min(Date.parse(before), Date.parse(oldestOpen ?? before));
  return new Date(limit - ARTIFACT_RENEWAL_MS).toISOString();
}

const STEP_TEXTS =
  'SELECT step_key AS key, value AS text FROM step_results WHERE step_key > $1 ORDER BY step_key LIMIT $2';
const RUN_TEXTS =
  'SELECT id AS key, result AS text FROM runs WHERE id > $1 AND result IS NOT NULL ORDER BY id LIMIT $2';

/** Visits the texts page by page, so that neither this process nor one statement has to take them all. */
async function forEachText(
  sql: string,
  perform: PostgresConnection['perform'],
  visit: (text: string) => void,
): Promise<void> {
  for (let after: string | undefined = ''; after !== undefined;) {
    const values = [after, TEXTS_PER_PAGE];
    const rows: readonly { readonly key: string; readonly text: string }[] = await perform(
      'prune.artifacts',
      (session) => session.rows(sql, values),
    );
    for (const { text } of rows) visit(text);
    after = rows.at(-1)?.key;
  }
}

/** Does the work until it removes nothing more; between two pieces other writers get their turn. */
async function repeatUntilDone(removeSome: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let count = await removeSome(); count > 0; count = await removeSome()) total += count;
  return total;
}
