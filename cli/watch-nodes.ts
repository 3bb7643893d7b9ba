import { setTimeout as delay } from 'node:timers/promises';
import type { WireNode, WireNodeList } from '../api/wire-fleet.ts';
import type { ApiClient } from './api-client.ts';
import { describeNodes, describeRow } from './describe-nodes.ts';
import { CommandError } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** As often as the owner of the fleet tells what it sees. */
const INTERVAL_MS = 500;

export interface WatchNodesOptions {
  /** One JSON object a line instead of text. */
  readonly asJson: boolean;
  readonly signal: AbortSignal;
}

/**
 * Shows the hosts until the signal: as a table that is redrawn on a terminal, elsewhere as a line for each host that has changed,
 * or with JSON as the whole list, each time that something has.
 * Errors: CommandError when the service does not answer at the beginning; later its return is waited for.
 */
export async function watchNodes(client: ApiClient, terminal: Terminal, options: WatchNodesOptions): Promise<void> {
  const show = createView(terminal, options.asJson);
  show(await client.getNodes());
  while (await pause(options.signal)) {
    const nodes = await client.getNodes().catch(noteUnreachable(terminal));
    if (nodes === undefined) continue;
    terminal.clearStatus();
    show(nodes);
  }
}

/** False when there is nothing more to wait for. */
async function pause(signal: AbortSignal): Promise<boolean> {
  await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

function noteUnreachable(terminal: Terminal): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof CommandError)) throw error;
    terminal.showStatus(`${error.message} Trying again.`);
  };
}

function createView(terminal: Terminal, asJson: boolean): (nodes: WireNodeList) => void {
  if (asJson) return onChange(withoutTimes, (nodes) => terminal.print(JSON.stringify(nodes)));
  const { redraw } = terminal;
  if (redraw) return (nodes) => redraw(describeNodes(nodes));
  return createLineView(terminal);
}

/** A line for each host that is not as it was, and for each that is gone. */
function createLineView(terminal: Terminal): (nodes: WireNodeList) => void {
  let before = new Map<string, string>();
  return ({ nodes }) => {
    const now = new Map(nodes.map((node) => [node.id, describeRow(node).join('  ')]));
    const time = new Date().toISOString().slice(11, 19);
    for (const [id, line] of now) if (before.get(id) !== line) terminal.print(`${time}  ${line}`);
    for (const id of before.keys()) if (!now.has(id)) terminal.print(`${time}  ${id}  removed`);
    before = now;
  };
}

/** Shows a value only when what `essence` makes of it is new. */
function onChange<Value>(essence: (value: Value) => unknown, show: (value: Value) => void): (value: Value) => void {
  let shown: string | undefined;
  return (value) => {
    const text = JSON.stringify(essence(value));
    if (text !== shown) show(value);
    shown = text;
  };
}

/** That a host was seen again is no news. */
function withoutTimes({ nodes, removed }: WireNodeList): unknown {
  return { nodes: nodes.map((node): WireNode => ({ ...node, seen_at: null })), removed };
}
