import { SynthesisFailure } from '../domain/failure.ts';
import type { NodeSnapshot } from '../domain/node.ts';
import type { AddedNode, NodePlace } from '../domain/node-record.ts';
import { hostKey } from '../fleet/hosts/same-host.ts';
import type { ApiDeps } from './api-deps.ts';
import { readNodes } from './known-nodes.ts';

/**
 * Adds a node, also in the place of a removed one. A host that was only found by itself may be added: it then keeps what is said.
 * Errors: NodeConflict, naming the other node.
 */
export async function addNode(deps: ApiDeps, node: AddedNode): Promise<void> {
  const { known } = await readNodes(deps);
  refuseKnownHost(node, known);
  refuseTakenName(node, known);
  // Somebody else may have taken the name this very moment.
  if (!(await deps.memory.nodeRegistry.add(node))) throw nameTaken(node, undefined);
}

function refuseKnownHost(node: AddedNode, known: readonly NodeSnapshot[]): void {
  const named = known.filter(({ origin }) => origin !== 'discovered');
  const other = named.find(({ url }) => hostKey(url) === hostKey(node.url));
  if (!other) return;
  throw new SynthesisFailure('NodeConflict', `${node.url} is a host of the fleet already, called ${other.id}.`, {
    node: other.id,
    url: other.url,
  });
}

function refuseTakenName(node: AddedNode, known: readonly NodeSnapshot[]): void {
  const other = known.find(({ id, url }) => id === node.id && hostKey(url) !== hostKey(node.url));
  if (other) throw nameTaken(node, other);
}

function nameTaken({ id }: AddedNode, other: NodePlace | undefined): SynthesisFailure {
  const owner = other ? `the host ${other.url}` : 'another host';
  return new SynthesisFailure('NodeConflict', `The name ${id} belongs to ${owner}; give another name.`, {
    node: id,
    ...(other && { url: other.url }),
  });
}
