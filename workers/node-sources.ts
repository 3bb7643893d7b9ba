import type { Settings } from '../config/settings.ts';
import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { NodeRecord } from '../domain/node-record.ts';
import type { Clock } from '../fleet/clock.ts';
import { combineNodes, type CombinedNodes } from '../fleet/hosts/combine-nodes.ts';
import { createDiscovery } from '../fleet/discovery/discovery.ts';
import { createHostNames } from '../fleet/hosts/host-names.ts';

export interface NodeSourcesOptions {
  readonly settings: Settings;
  /** Nodes of the settings. */
  readonly listed: readonly NodeAddress[];
  readonly readVariable: (name: string) => string | undefined;
  readonly clock: Clock;
  /** Whether the fleet's own probing gets no answer from this node. */
  readonly isDown: (id: NodeId) => boolean;
}

/** All who name nodes: the settings, people, and the look for hosts. */
export interface NodeSources {
  /** Looks up the names of all nodes, so that two names of one host are seen from the start; waits a second at most. */
  learnNames(records: readonly NodeRecord[]): Promise<void>;
  /** The nodes as of now, given what people have said. Names are looked up again in the background. */
  readonly combine: (records: readonly NodeRecord[]) => CombinedNodes;
  /** Starts to look for hosts, where that is switched on. */
  start(): void;
  stop(): Promise<void>;
}

export function createNodeSources(options: NodeSourcesOptions): NodeSources {
  const { settings, listed, readVariable, clock, isDown } = options;
  const { nodeSlots: defaultSlots } = settings;
  const names = createHostNames({ clock });
  const discovery = createDiscovery({ settings: settings.discovery, slots: defaultSlots, clock, isDown });
  const learnNames = (records: readonly NodeRecord[]) =>
    names.learn([...listed, ...records, ...discovery.nodes()].map(({ url }) => url));
  return {
    learnNames,
    combine: (records) => {
      void learnNames(records);
      const discovered = discovery.nodes();
      const { hostKey } = names;
      return combineNodes({ settings: listed, records, discovered, defaultSlots, readVariable, hostKey });
    },
    start: () => discovery.start(),
    stop: () => discovery.stop(),
  };
}
