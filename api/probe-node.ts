import { setTimeout as delay } from 'node:timers/promises';
import type { NodeSnapshot } from '../domain/node.ts';
import type { ApiDeps } from './api-deps.ts';
import { readNodes, requireNode } from './known-nodes.ts';

/** A host that hangs takes two looks of twice the usual 2 s, and the owner up to a second to begin. */
const LONGEST_LOOK_MS = 10_000;
/** What a person does not feel. */
const INTERVAL_MS = 50;

/** What became of a look at a node: the node as it is now, or as it was last known. */
export interface ProbedNode {
  /** False: nobody has looked yet; the look follows as soon as a process looks after the hosts. */
  readonly isFresh: boolean;
  readonly node: NodeSnapshot;
}

/** Asks the owner of the fleet to look at a node at once, and waits until it has. Errors: NodeNotFound. */
export async function probeNode(deps: ApiDeps, id: string, signal: AbortSignal): Promise<ProbedNode> {
  const { nodeRegistry } = deps.memory;
  const node = requireNode((await readNodes(deps)).known, id);
  const question = await nodeRegistry.askProbe(node);
  const isFresh = await waitForLook(async () => {
    const record = (await nodeRegistry.list()).find((one) => one.id === node.id);
    return (record?.probesAnswered ?? 0) >= question;
  }, signal);
  return { isFresh, node: requireNode((await readNodes(deps)).known, id) };
}

async function waitForLook(isTaken: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const giveUpAt = performance.now() + LONGEST_LOOK_MS;
  while (!signal.aborted && performance.now() < giveUpAt) {
    if (await isTaken()) return true;
    await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
  return isTaken();
}
