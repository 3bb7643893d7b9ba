import type { NodeId } from '../domain/ids.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import type { NodeRecord } from '../domain/node-record.ts';
import type { CombinedNodes, UnusableNode } from '../fleet/hosts/combine-nodes.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { NodeRegistry } from '../memory/ports.ts';
import type { NodeWorkers } from './node-workers.ts';
import type { SnapshotPublisher } from './publish-snapshots.ts';

/** Makes fleet and workers what settings, people and discovery want. */
export interface NodeFollower {
  /** Reads what is wanted and sees to it. Starting and stopping workers goes on after it resolves. */
  follow(): Promise<void>;
  /** All nodes that are wanted, also those that cannot be used. */
  snapshots(): readonly NodeSnapshot[];
  /** Resolves when no worker is being started or stopped any more; to be called after the last `follow`. */
  settle(): Promise<void>;
}

export interface NodeFollowerOptions {
  readonly fleet: Fleet;
  readonly nodeWorkers: NodeWorkers;
  readonly registry: NodeRegistry;
  /** What is wanted, given what people have said. */
  readonly combine: (records: readonly NodeRecord[]) => CombinedNodes;
  /** Writes the snapshots for other processes. */
  readonly publish: SnapshotPublisher;
  readonly report: (sentence: string) => void;
}

export function createNodeFollower(options: NodeFollowerOptions): NodeFollower {
  const { fleet, nodeWorkers, registry, combine, publish, report } = options;
  const looking = new Set<NodeId>();
  let unusable: readonly UnusableNode[] = [];
  let followed = '';
  let changing: Promise<void> | null = null;

  const snapshots = () => [...fleet.snapshots(), ...unusable.map(unusableSnapshot)];

  function useNodes(combined: CombinedNodes): void {
    unusable = combined.unusable;
    const text = JSON.stringify(combined.usable);
    if (text === followed) return;
    fleet.setAddresses(combined.usable);
    followed = text;
  }

  /** Beside the ticks, one change at a time: the right to look after the fleet must not run out over a slow worker. */
  function changeWorkers(): void {
    changing ??= nodeWorkers
      .setNodes(fleet.addresses())
      .catch((error: unknown) => report(`The workers of the hosts could not be changed: ${String(error)}`))
      .finally(() => (changing = null));
  }

  /** A first look that finds no answer may be one lost packet: people who ask get the truth, so a second one follows. */
  async function look({ id, probesAsked }: NodeRecord): Promise<void> {
    const askedAt = new Date().toISOString();
    await fleet.refresh(id);
    const isInDoubt = fleet.snapshots().some((node) => node.id === id && node.state === 'up' && !isSeen(node, askedAt));
    if (isInDoubt) await fleet.refresh(id);
    await publish(snapshots());
    await registry.answerProbe(id, probesAsked);
  }

  function lookWhereAsked(records: readonly NodeRecord[]): void {
    for (const record of records) {
      if (record.probesAsked <= record.probesAnswered || looking.has(record.id)) continue;
      looking.add(record.id);
      look(record)
        .catch((error: unknown) => report(`Host ${record.id} could not be looked at: ${String(error)}`))
        .finally(() => looking.delete(record.id));
    }
  }

  return {
    async follow() {
      const records = await registry.list();
      useNodes(combine(records));
      changeWorkers();
      lookWhereAsked(records);
    },
    snapshots,
    settle: async () => {
      await changing;
    },
  };
}

function isSeen({ seenAt }: NodeSnapshot, since: string): boolean {
  return seenAt !== null && seenAt >= since;
}

function unusableSnapshot({ node, problem }: UnusableNode): NodeSnapshot {
  const { id, url, origin, wanted, slots, vramBytes = null } = node;
  return {
    id,
    url,
    origin,
    wanted,
    slots,
    vramBytes,
    vramSource: vramBytes === null ? null : 'operator',
    state: 'down',
    since: null,
    problem,
    version: null,
    models: [],
    residentModels: [],
    busySlots: 0,
    seenAt: null,
    speeds: [],
  };
}
