import type { NodeKnowledge } from '../../domain/node-knowledge.ts';
import type { FleetKnowledgeStore } from '../ports.ts';
import { isoNow, type PostgresConnection } from './postgres-connection.ts';

const WRITE = `
  INSERT INTO node_knowledge (node_id, url, learned_at, knowledge) VALUES ($1, $2, $3, $4)
  ON CONFLICT (node_id) DO UPDATE SET url = excluded.url, learned_at = excluded.learned_at, knowledge = excluded.knowledge`;

/** What was learned of each node, in the table `node_knowledge`. */
export function createFleetKnowledgeStore(connection: PostgresConnection): FleetKnowledgeStore {
  return {
    write: (entries) =>
      connection.transact('fleetKnowledge.write', async (session) => {
        const learnedAt = isoNow(connection);
        for (const { nodeId, url, knowledge } of entries) {
          await session.run(WRITE, [nodeId, url, learnedAt, JSON.stringify(knowledge)]);
        }
      }),
    read: () =>
      connection.perform('fleetKnowledge.read', async (session) => {
        const sql = 'SELECT node_id AS "nodeId", url, knowledge FROM node_knowledge';
        const rows = await session.rows<NodeKnowledge & { knowledge: string }>(sql);
        return rows.map((row) => ({ ...row, knowledge: JSON.parse(row.knowledge) as unknown }));
      }),
  };
}
