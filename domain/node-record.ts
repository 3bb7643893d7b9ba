import type { NodeId } from './ids.ts';
import type { NodeAddress, NodeOrigin, NodeSnapshot } from './node.ts';

/** What people want of a node; a removed one stays away, even while settings or discovery name it. */
export type WantedState = NodeSnapshot['wanted'] | 'removed';

/** How a node was described by who added it. */
export interface NodeDescription {
  /** Null: as many as the settings say for every node. */
  readonly slots: number | null;
  readonly vramBytes: number | null;
  /** Name of the environment variable that holds its bearer token; the token itself is never kept. */
  readonly tokenVariable: string | null;
}

/** A node and where it is. */
export interface NodePlace {
  readonly id: NodeId;
  /** Base URL without a trailing slash. */
  readonly url: string;
}

/** A node that people add. */
export interface AddedNode extends NodePlace, NodeDescription {}

/** What people have said of one node. */
export interface NodeRecord extends NodePlace {
  readonly wanted: WantedState;
  /** Null for a node that settings or discovery name. */
  readonly added: NodeDescription | null;
  /** Number of the last look that somebody asked for; 0: none. */
  readonly probesAsked: number;
  /** Number of the last such look that was taken. */
  readonly probesAnswered: number;
}

/** A host that the fleet uses, with where it is known from and what is wanted of it. */
export interface WantedNode extends NodeAddress {
  readonly origin: NodeOrigin;
  readonly wanted: NodeSnapshot['wanted'];
}
