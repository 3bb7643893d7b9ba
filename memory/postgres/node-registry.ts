import type { NodeId } from '../../domain/ids.ts';
import type { NodeRecord, WantedState } from '../../domain/node-record.ts';
import type { NodeRegistry } from '../ports.ts';
import type { PostgresConnection } from './postgres-connection.ts';

interface NodeRow {
  readonly id: NodeId;
  readonly url: string;
  readonly wanted: WantedState;
  readonly isAdded: boolean;
  readonly slots: number | null;
  readonly vramBytes: number | null;
  readonly tokenVariable: string | null;
  readonly probesAsked: number;
  readonly probesAnswered: number;
}

const LIST = `
  SELECT id, url, wanted, is_added AS "isAdded", slots, vram_bytes AS "vramBytes", token_variable AS "tokenVariable",
    probes_asked AS "probesAsked", probes_answered AS "probesAnswered"
  FROM node_registry ORDER BY position, id`;

const NEXT = '(SELECT coalesce(max(position), 0) + 1 FROM node_registry)';

/** A row that nobody added says only what is wanted of a node that was named elsewhere: a new node may take its place. */
const ADD = `
  INSERT INTO node_registry AS old (position, id, url, wanted, is_added, slots, vram_bytes, token_variable)
  VALUES (${NEXT}, $1, $2, 'active', true, $3, $4, $5)
  ON CONFLICT (id) DO UPDATE
    SET url = excluded.url, wanted = excluded.wanted, is_added = true,
        slots = excluded.slots, vram_bytes = excluded.vram_bytes, token_variable = excluded.token_variable
    WHERE old.wanted = 'removed' OR NOT old.is_added`;

const SET_WANTED = `
  INSERT INTO node_registry (position, id, url, wanted, is_added) VALUES (${NEXT}, $1, $2, $3, false)
  ON CONFLICT (id) DO UPDATE SET url = excluded.url, wanted = excluded.wanted`;

const ASK_PROBE = `
  INSERT INTO node_registry AS old (position, id, url, wanted, is_added, probes_asked)
  VALUES (${NEXT}, $1, $2, 'active', false, 1)
  ON CONFLICT (id) DO UPDATE SET probes_asked = old.probes_asked + 1
  RETURNING probes_asked AS "probesAsked"`;

const ANSWER_PROBE = 'UPDATE node_registry SET probes_answered = greatest(probes_answered, $2) WHERE id = $1';

/** What people have said of the nodes, in the table `node_registry`, in the order in which they first spoke of each. */
export function createNodeRegistry({ perform }: PostgresConnection): NodeRegistry {
  return {
    list: () => perform('nodeRegistry.list', async (session) => (await session.rows<NodeRow>(LIST)).map(toRecord)),
    add: ({ id, url, slots, vramBytes, tokenVariable }) =>
      perform(
        'nodeRegistry.add',
        async (session) => (await session.run(ADD, [id, url, slots, vramBytes, tokenVariable])) === 1,
      ),
    setWanted: ({ id, url }, wanted) =>
      perform('nodeRegistry.setWanted', async (session) => void (await session.run(SET_WANTED, [id, url, wanted]))),
    askProbe: ({ id, url }) =>
      perform('nodeRegistry.askProbe', async (session) => {
        const row = await session.row<{ probesAsked: number }>(ASK_PROBE, [id, url]);
        return row?.probesAsked ?? 0;
      }),
    answerProbe: (id, question) =>
      perform('nodeRegistry.answerProbe', async (session) => void (await session.run(ANSWER_PROBE, [id, question]))),
  };
}

function toRecord({ isAdded, slots, vramBytes, tokenVariable, ...row }: NodeRow): NodeRecord {
  return { ...row, added: isAdded ? { slots, vramBytes, tokenVariable } : null };
}
