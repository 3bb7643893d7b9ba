import type { NodeAddress } from '../../domain/node.ts';
import type { NodeDescription, NodeRecord, WantedNode } from '../../domain/node-record.ts';
import { hostKey as textKey, uniqueHosts } from './same-host.ts';

/** Everyone who names nodes, and what people have said of them. */
export interface NodeSources {
  readonly settings: readonly NodeAddress[];
  readonly records: readonly NodeRecord[];
  readonly discovered: readonly NodeAddress[];
  /** For added nodes that say nothing else. */
  readonly defaultSlots: number;
  /** The text of an environment variable; undefined where it is not set. */
  readonly readVariable: (name: string) => string | undefined;
  /** Equal for URLs of one host; by their text where it is not given. */
  readonly hostKey?: (url: string) => string;
}

/** An added node that cannot be used, and why, for people. */
export interface UnusableNode {
  readonly node: WantedNode;
  readonly problem: string;
}

export interface CombinedNodes {
  readonly usable: readonly WantedNode[];
  readonly unusable: readonly UnusableNode[];
}

/**
 * The nodes that the fleet is to use: those of the settings, then added, then discovered ones, without what people removed.
 * An added node takes the place of a node of the settings with its ID. A host keeps the first of its names.
 */
export function combineNodes(sources: NodeSources): CombinedNodes {
  const listed = listedNodes(sources);
  const added = addedNodes(sources, listed);
  const found = discoveredNodes(sources);
  const usable = [...listed, ...added.filter(({ problem }) => problem === null).map(({ node }) => node), ...found];
  return {
    usable: uniqueHosts(usable, sources.hostKey),
    unusable: added.flatMap(({ node, problem }) => (problem === null ? [] : [{ node, problem }])),
  };
}

function listedNodes({ settings, records }: NodeSources): readonly WantedNode[] {
  return settings.flatMap((node) => {
    const record = records.find(({ id }) => id === node.id);
    return record?.added ? [] : wantedNode(node, 'settings', record);
  });
}

/** What another process found belongs to nobody yet, so a removed host stays away under any name. */
function discoveredNodes({ discovered, records, hostKey = textKey }: NodeSources): readonly WantedNode[] {
  const removed = new Set(records.filter(({ wanted }) => wanted === 'removed').map(({ url }) => hostKey(url)));
  return discovered
    .filter((node) => !removed.has(hostKey(node.url)))
    .flatMap((node) => {
      const record = records.find(({ id }) => id === node.id);
      return record?.added ? [] : wantedNode(node, 'discovered', record);
    });
}

function wantedNode(
  node: NodeAddress,
  origin: WantedNode['origin'],
  record: NodeRecord | undefined,
): readonly WantedNode[] {
  const wanted = record?.wanted ?? 'active';
  return wanted === 'removed' ? [] : [{ ...node, origin, wanted }];
}

function addedNodes(
  sources: NodeSources,
  listed: readonly WantedNode[],
): readonly { readonly node: WantedNode; readonly problem: string | null }[] {
  const earlier = [...listed];
  return sources.records.flatMap((record) => {
    if (!record.added || record.wanted === 'removed') return [];
    const node = toWantedNode(record, record.added, record.wanted, sources);
    const problem = sameHostProblem(node, earlier, sources.hostKey) ?? tokenProblem(node, record.added);
    earlier.push(node);
    return [{ node, problem }];
  });
}

function toWantedNode(
  { id, url }: NodeRecord,
  { slots, vramBytes, tokenVariable }: NodeDescription,
  wanted: WantedNode['wanted'],
  { defaultSlots, readVariable }: NodeSources,
): WantedNode {
  const bearerToken = tokenVariable === null ? undefined : readVariable(tokenVariable);
  return {
    id,
    url,
    slots: slots ?? defaultSlots,
    ...(vramBytes === null ? {} : { vramBytes }),
    ...(bearerToken === undefined ? {} : { bearerToken }),
    origin: 'added',
    wanted,
  };
}

/** Slots are counted per host: under two names it would be given twice as many calls as it can run. */
function sameHostProblem(node: WantedNode, earlier: readonly WantedNode[], hostKey = textKey): string | null {
  const other = earlier.find(({ url }) => hostKey(url) === hostKey(node.url));
  return other ? `it is the same host as ${other.id}, which is used` : null;
}

function tokenProblem(node: WantedNode, { tokenVariable }: NodeDescription): string | null {
  if (tokenVariable === null || node.bearerToken !== undefined) return null;
  return `the environment variable ${tokenVariable}, which should hold its token, is not set where the fleet is looked after`;
}
