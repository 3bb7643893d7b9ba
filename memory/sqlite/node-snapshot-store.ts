import type { NodeSnapshot } from '../../domain/node.ts';
import type { NodeSnapshotStore } from '../ports.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

/** The last snapshots of all nodes in the table `node_snapshots`; each write replaces them all. */
export function createNodeSnapshotStore(connection: SqliteConnection): NodeSnapshotStore {
  const { database, perform } = connection;
  const clear = database.prepare('DELETE FROM node_snapshots');
  const insert = database.prepare('INSERT INTO node_snapshots (position, snapshot) VALUES (?, ?)');
  const select = database.prepare<[], string>('SELECT snapshot FROM node_snapshots ORDER BY position').pluck();
  const replace = database.transaction((nodes: readonly NodeSnapshot[]) => {
    clear.run();
    for (const [position, node] of nodes.entries()) insert.run(position, JSON.stringify(node));
  });
  return {
    write: (nodes) => perform('nodeSnapshots.write', () => replace.immediate(nodes)),
    read: () => perform('nodeSnapshots.read', () => select.all().map((text) => JSON.parse(text) as NodeSnapshot)),
  };
}
