import type { StepKey } from '../../domain/ids.ts';
import { toCanonicalJson } from '../content-hash.ts';
import type { StepResultStore } from '../ports.ts';
import { isoNow, type PostgresConnection, type PostgresSession } from './postgres-connection.ts';

const INSERT = `
  INSERT INTO step_results (step_key, run_id, accepted_at, value) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;

/** Step results in the table `step_results`: whoever inserts first decides, in this process or another. */
export function createStepResultStore(connection: PostgresConnection): StepResultStore {
  const { perform } = connection;
  return {
    find: (key) => perform('steps.find', (session) => find(session, key)),
    async acceptOnce(key, runId, value) {
      const json = toCanonicalJson(value);
      return perform('steps.acceptOnce', async (session) => {
        // It waits for another one that inserts the same key, so that what is read then is what stays.
        await session.run(INSERT, [key, runId, isoNow(connection), json]);
        return find(session, key);
      });
    },
  };
}

async function find(session: PostgresSession, key: StepKey): Promise<unknown> {
  const row = await session.row<{ value: string }>('SELECT value FROM step_results WHERE step_key = $1', [key]);
  return row && (JSON.parse(row.value) as unknown);
}
