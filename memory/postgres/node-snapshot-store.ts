import type { NodeSnapshot } from '../../domain/node.ts';
import type { NodeSnapshotStore } from '../ports.ts';
import type { PostgresConnection } from './postgres-connection.ts';

const WRITE = `
  INSERT INTO node_snapshots (only_one, snapshots) VALUES (true, $1)
  ON CONFLICT (only_one) DO UPDATE SET snapshots = excluded.snapshots`;

/** The last snapshots of all nodes in the table `node_snapshots`; each write replaces them all. */
export function createNodeSnapshotStore({ perform }: PostgresConnection): NodeSnapshotStore {
  return {
    write: (nodes) =>
      perform('nodeSnapshots.write', async (session) => void (await session.run(WRITE, [JSON.stringify(nodes)]))),
    read: () =>
      perform('nodeSnapshots.read', async (session) => {
        const row = await session.row<{ snapshots: string }>('SELECT snapshots FROM node_snapshots');
        return JSON.parse(row?.snapshots ?? '[]') as readonly NodeSnapshot[];
      }),
  };
}
