import type { NodeId } from '../../domain/ids.ts';
import type { NodeRecord, WantedState } from '../../domain/node-record.ts';
import type { NodeRegistry } from '../ports.ts';
import type { SqliteConnection } from './sqlite-connection.ts';

interface NodeRow {
  readonly id: NodeId;
  readonly url: string;
  readonly wanted: WantedState;
  readonly is_added: number;
  readonly slots: number | null;
  readonly vram_bytes: number | null;
  readonly token_variable: string | null;
  readonly probes_asked: number;
  readonly probes_answered: number;
}

/** A row that nobody added says only what is wanted of a node that was named elsewhere: a new node may take its place. */
const ADD = `
  INSERT INTO node_registry (id, url, wanted, is_added, slots, vram_bytes, token_variable)
  VALUES (@id, @url, 'active', 1, @slots, @vramBytes, @tokenVariable)
  ON CONFLICT (id) DO UPDATE
    SET url = excluded.url, wanted = excluded.wanted, is_added = 1,
        slots = excluded.slots, vram_bytes = excluded.vram_bytes, token_variable = excluded.token_variable
    WHERE wanted = 'removed' OR is_added = 0`;

const SET_WANTED = `
  INSERT INTO node_registry (id, url, wanted, is_added) VALUES (@id, @url, @wanted, 0)
  ON CONFLICT (id) DO UPDATE SET url = excluded.url, wanted = excluded.wanted`;

const ASK_PROBE = `
  INSERT INTO node_registry (id, url, wanted, is_added, probes_asked) VALUES (@id, @url, 'active', 0, 1)
  ON CONFLICT (id) DO UPDATE SET probes_asked = probes_asked + 1
  RETURNING probes_asked`;

const ANSWER_PROBE = 'UPDATE node_registry SET probes_answered = max(probes_answered, @question) WHERE id = @id';

/** What people have said of the nodes, in the table `node_registry`, in the order in which they first spoke of each. */
export function createNodeRegistry({ database, perform }: SqliteConnection): NodeRegistry {
  const select = database.prepare<[], NodeRow>('SELECT * FROM node_registry ORDER BY rowid');
  const add = database.prepare(ADD);
  const setWanted = database.prepare(SET_WANTED);
  const askProbe = database.prepare<unknown[], number>(ASK_PROBE).pluck();
  const answerProbe = database.prepare(ANSWER_PROBE);
  return {
    list: () => perform('nodeRegistry.list', () => select.all().map(toRecord)),
    add: (node) => perform('nodeRegistry.add', () => add.run(node).changes === 1),
    setWanted: ({ id, url }, wanted) =>
      perform('nodeRegistry.setWanted', () => void setWanted.run({ id, url, wanted })),
    askProbe: ({ id, url }) => perform('nodeRegistry.askProbe', () => askProbe.get({ id, url }) ?? 0),
    answerProbe: (id, question) => perform('nodeRegistry.answerProbe', () => void answerProbe.run({ id, question })),
  };
}

function toRecord(row: NodeRow): NodeRecord {
  const { slots, vram_bytes: vramBytes, token_variable: tokenVariable } = row;
  return {
    id: row.id,
    url: row.url,
    wanted: row.wanted,
    added: row.is_added === 1 ? { slots, vramBytes, tokenVariable } : null,
    probesAsked: row.probes_asked,
    probesAnswered: row.probes_answered,
  };
}
