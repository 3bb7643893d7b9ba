import { SynthesisFailure } from '../../domain/failure.ts';
import type { ContentHash, RunId } from '../../domain/ids.ts';
import type { SynthesisResult } from '../../domain/result.ts';
import type { RecallStore } from '../ports.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

interface RecallRow {
  readonly runId: RunId;
  readonly result: string;
}

/** Exact recall in the table `recalled_results`. */
export function createRecallStore(connection: SqliteConnection): RecallStore {
  const select = connection.database.prepare<[ContentHash], RecallRow>(
    'SELECT run_id AS runId, result FROM recalled_results WHERE recall_key = ?',
  );
  const insert = connection.database.prepare(
    'INSERT INTO recalled_results (recall_key, run_id, remembered_at, result) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  return {
    find: (key) =>
      connection.perform('recall.find', () => {
        const row = select.get(key);
        return row && { runId: row.runId, result: JSON.parse(row.result) as SynthesisResult };
      }),
    remember: (key, { runId, result }) =>
      connection.perform('recall.remember', () => {
        refuseUnverified(runId, result);
        insert.run(key, runId, isoNow(connection), JSON.stringify(result));
      }),
  };
}

function refuseUnverified(runId: RunId, result: SynthesisResult): void {
  if (result.state === 'verified') return;
  const details = { runId, state: result.state };
  throw new SynthesisFailure('InvariantBroken', 'Only a verified result may be remembered.', details);
}
