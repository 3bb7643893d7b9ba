import type { FleetDecision } from '../../domain/fleet-decision.ts';
import type { DecisionLog, EndedDecision } from '../ports.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** Hours of a busy fleet, and about a megabyte. */
const DECISIONS_KEPT = 1_000;

interface DecisionRow {
  readonly decision: string;
  readonly outcome: string | null;
}

/** A ring in the table `fleet_decisions`: each batch pushes out what is too old. */
export function createDecisionLog({ database, perform }: SqliteConnection): DecisionLog {
  const insert = database.prepare(
    'INSERT INTO fleet_decisions (lease_id, run_id, node_id, decision) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const end = database.prepare('UPDATE fleet_decisions SET outcome = ? WHERE lease_id = ?');
  const forget = database.prepare(
    'DELETE FROM fleet_decisions WHERE sequence <= (SELECT max(sequence) FROM fleet_decisions) - ?',
  );
  const select = database.prepare<unknown[], DecisionRow>(`
    SELECT decision, outcome FROM fleet_decisions
    WHERE (@runId IS NULL OR run_id = @runId) AND (@nodeId IS NULL OR node_id = @nodeId)
    ORDER BY sequence DESC LIMIT @limit`);
  const append = database.transaction(
    (decisions: readonly FleetDecision[], outcomes: readonly EndedDecision[]): void => {
      for (const made of decisions) insert.run(made.leaseId, made.runId, made.nodeId, JSON.stringify(made));
      for (const { leaseId, ...outcome } of outcomes) end.run(JSON.stringify(outcome), leaseId);
      forget.run(DECISIONS_KEPT);
    },
  );
  return {
    append: (decisions, outcomes) => perform('decisions.append', () => append.immediate(decisions, outcomes)),
    list: ({ limit, runId = null, nodeId = null }) =>
      perform('decisions.list', () => select.all({ limit, runId, nodeId }).map(toDecision)),
  };
}

function toDecision({ decision, outcome }: DecisionRow): FleetDecision {
  const made = JSON.parse(decision) as FleetDecision;
  return outcome === null ? made : { ...made, outcome: JSON.parse(outcome) as FleetDecision['outcome'] };
}
