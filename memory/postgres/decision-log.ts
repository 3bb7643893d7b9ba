import type { FleetDecision } from '../../domain/fleet-decision.ts';
import type { DecisionLog, EndedDecision } from '../ports.ts';
import type { PostgresConnection, PostgresSession } from './postgres-connection.ts';

/** Hours of a busy fleet, and about a megabyte. */
const DECISIONS_KEPT = 1_000;

interface DecisionRow {
  readonly decision: string;
  readonly outcome: string | null;
}

const INSERT = `
  INSERT INTO fleet_decisions (sequence, lease_id, run_id, node_id, decision)
  SELECT
    coalesce((SELECT max(sequence) FROM fleet_decisions), 0) + row_number() OVER (ORDER BY place),
    lease_id, run_id, node_id, decision
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS given (lease_id, run_id, node_id, decision, place)
  WHERE NOT EXISTS (SELECT 1 FROM fleet_decisions AS old WHERE old.lease_id = given.lease_id)
  ON CONFLICT DO NOTHING`;

const END = 'UPDATE fleet_decisions SET outcome = $1 WHERE lease_id = $2';
const FORGET = 'DELETE FROM fleet_decisions WHERE sequence <= (SELECT max(sequence) FROM fleet_decisions) - $1';

const SELECT = `
  SELECT decision, outcome FROM fleet_decisions
  WHERE ($1::text IS NULL OR run_id = $1) AND ($2::text IS NULL OR node_id = $2)
  ORDER BY sequence DESC LIMIT $3`;

/** A ring in the table `fleet_decisions`: each batch pushes out what is too old. */
export function createDecisionLog({ perform, transact }: PostgresConnection): DecisionLog {
  return {
    append: (decisions, outcomes) =>
      transact('decisions.append', async (session) => {
        // Who appends counts on from the last one, so one after the other.
        await session.run('LOCK TABLE fleet_decisions IN SHARE ROW EXCLUSIVE MODE');
        await insertAll(session, decisions);
        for (const { leaseId, ...outcome } of outcomes) await session.run(END, [JSON.stringify(outcome), leaseId]);
        await session.run(FORGET, [DECISIONS_KEPT]);
      }),
    list: ({ limit, runId = null, nodeId = null }) =>
      perform('decisions.list', async (session) =>
        (await session.rows<DecisionRow>(SELECT, [runId, nodeId, limit])).map(toDecision),
      ),
  };
}

async function insertAll(session: PostgresSession, decisions: readonly FleetDecision[]): Promise<void> {
  await session.run(INSERT, [
    decisions.map((made) => made.leaseId),
    decisions.map((made) => made.runId),
    decisions.map((made) => made.nodeId),
    decisions.map((made) => JSON.stringify(made)),
  ]);
}

function toDecision({ decision, outcome }: DecisionRow): FleetDecision {
  const made = JSON.parse(decision) as FleetDecision;
  return outcome === null ? made : { ...made, outcome: JSON.parse(outcome) as Omit<EndedDecision, 'leaseId'> };
}
