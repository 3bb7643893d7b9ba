import type { NodeId } from '../../domain/ids.ts';
import type { NodeKnowledge } from '../../domain/node-knowledge.ts';
import type { FleetKnowledgeStore } from '../ports.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

interface KnowledgeRow {
  readonly node_id: NodeId;
  readonly url: string;
  readonly knowledge: string;
}

/** What was learned of each node, in the table `node_knowledge`. */
export function createFleetKnowledgeStore({ database, perform, now }: SqliteConnection): FleetKnowledgeStore {
  const upsert = database.prepare(
    `INSERT INTO node_knowledge (node_id, url, learned_at, knowledge) VALUES (?, ?, ?, ?)
     ON CONFLICT (node_id) DO UPDATE SET url = excluded.url, learned_at = excluded.learned_at, knowledge = excluded.knowledge`,
  );
  const select = database.prepare<[], KnowledgeRow>('SELECT node_id, url, knowledge FROM node_knowledge');
  const writeAll = database.transaction((entries: readonly NodeKnowledge[]) => {
    const learnedAt = new Date(now()).toISOString();
    for (const { nodeId, url, knowledge } of entries) upsert.run(nodeId, url, learnedAt, JSON.stringify(knowledge));
  });
  return {
    write: (entries) => perform('fleetKnowledge.write', () => writeAll.immediate(entries)),
    read: () => perform('fleetKnowledge.read', () => select.all().map(toEntry)),
  };
}

function toEntry({ node_id: nodeId, url, knowledge }: KnowledgeRow): NodeKnowledge {
  return { nodeId, url, knowledge: JSON.parse(knowledge) as unknown };
}
