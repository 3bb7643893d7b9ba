import { suggestName } from '../config/suggest-name.ts';
import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import type { NodePlace, NodeRecord } from '../domain/node-record.ts';
import type { ApiDeps } from './api-deps.ts';

/** The nodes as people want them, with what is known of each. */
export interface KnownNodes {
  readonly known: readonly NodeSnapshot[];
  /** Nodes that were removed; they can be brought back. */
  readonly removed: readonly NodePlace[];
}

/** What the owner of the fleet last saw, with what people have said since: their word counts from the moment they gave it. */
export async function readNodes(deps: Pick<ApiDeps, 'memory' | 'nodes' | 'settings'>): Promise<KnownNodes> {
  const [snapshots, records] = await Promise.all([deps.nodes(), deps.memory.nodeRegistry.list()]);
  const removed = records.filter(({ wanted }) => wanted === 'removed');
  const added = records.filter((record) => record.added !== null && record.wanted !== 'removed');
  const seen = snapshots.filter(({ id }) => !removed.some((record) => record.id === id));
  const isSeen = (record: NodeRecord) => seen.some(({ id, url }) => id === record.id && url === record.url);
  const news = added.filter((record) => !isSeen(record));
  const old = seen.filter(({ id }) => !news.some((record) => record.id === id));
  return {
    known: [
      ...old.map((node) => withWanted(node, records)),
      ...news.map((record) => unseenNode(record, deps.settings.nodeSlots)),
    ],
    removed: removed.map(({ id, url }) => ({ id, url })),
  };
}

/** Errors: NodeNotFound, with the name that was perhaps meant. */
export function requireNode<Node extends NodePlace>(nodes: readonly Node[], id: string): Node {
  const node = nodes.find((one) => one.id === id);
  if (node) return node;
  const seen = id.slice(0, 100);
  const names = nodes.map((one) => one.id);
  const hint = names.length === 0 ? '' : suggestName(seen, names);
  const message = `No Ollama host is called "${seen}"${hint === '' ? '.' : hint}`;
  throw new SynthesisFailure('NodeNotFound', message, { node: seen });
}

/** A node of which nothing is known but what somebody has said of it. */
export function unseenNode(
  { id, url, wanted, added }: Pick<NodeRecord, 'id' | 'url' | 'wanted' | 'added'>,
  defaultSlots: number,
): NodeSnapshot {
  const vramBytes = added?.vramBytes ?? null;
  return {
    id,
    url,
    origin: added ? 'added' : 'settings',
    wanted: wanted === 'draining' ? 'draining' : 'active',
    slots: added?.slots ?? defaultSlots,
    vramBytes,
    vramSource: vramBytes === null ? null : 'operator',
    state: 'unknown',
    since: null,
    problem: 'the process that looks after the hosts has not taken it up yet',
    version: null,
    models: [],
    residentModels: [],
    busySlots: 0,
    seenAt: null,
    speeds: [],
  };
}

function withWanted(node: NodeSnapshot, records: readonly NodeRecord[]): NodeSnapshot {
  const record = records.find(({ id }) => id === node.id);
  return !record || record.wanted === 'removed' ? node : { ...node, wanted: record.wanted };
}
