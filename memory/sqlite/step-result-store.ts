import type { RunId, StepKey } from '../../domain/ids.ts';
import { toCanonicalJson } from '../content-hash.ts';
import type { StepResultStore } from '../ports.ts';
import { isoNow, type SqliteConnection } from './sqlite-connection.ts';

/** Step results in the table `step_results`: whoever inserts first decides, in this process or another. */
export function createStepResultStore(connection: SqliteConnection): StepResultStore {
  const { database, perform } = connection;
  const select = database.prepare<[StepKey], string>('SELECT value FROM step_results WHERE step_key = ?').pluck();
  const insert = database.prepare(
    'INSERT INTO step_results (step_key, run_id, accepted_at, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );

  function find(key: StepKey): unknown {
    const value = select.get(key);
    return value === undefined ? undefined : (JSON.parse(value) as unknown);
  }

  const accept = database.transaction((key: StepKey, runId: RunId, value: string): unknown => {
    insert.run(key, runId, isoNow(connection), value);
    return find(key);
  });

  return {
    find: (key) => perform('steps.find', () => find(key)),
    acceptOnce: (key, runId, value) =>
      perform('steps.acceptOnce', () => accept.immediate(key, runId, toCanonicalJson(value))),
  };
}
