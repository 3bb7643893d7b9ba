import { setTimeout as delay } from 'node:timers/promises';
import type { WirePull } from '../api/wire-pull.ts';
import { formatSize } from '../domain/format-size.ts';
import type { ApiClient } from './api-client.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { formatTable } from './format.ts';
import type { Terminal } from './terminal.ts';

type WireNodePull = WirePull['nodes'][number];

/** What the service knows is half a second old at most. */
const POLL_MS = 500;
/** A restarted service is back within seconds; a minute later somebody has to look. */
const RECONNECT_LIMIT_MS = 60_000;

/** Shows a pull host by host until it has ended and returns it; undefined when the signal aborted before. */
export async function followPull(
  client: ApiClient,
  terminal: Terminal,
  id: string,
  { isQuiet, signal }: { readonly isQuiet: boolean; readonly signal: AbortSignal },
): Promise<WirePull | undefined> {
  const show = isQuiet ? () => {} : createPullView(terminal);
  try {
    while (!signal.aborted) {
      const pull = await askPatiently(client, terminal, id, signal);
      if (pull) show(pull);
      if (pull && pull.status !== 'running') return pull;
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  } finally {
    terminal.clearStatus();
  }
}

/** The pull goes on while the service restarts, and so does its reader. */
async function askPatiently(
  client: ApiClient,
  terminal: Terminal,
  id: string,
  signal: AbortSignal,
): Promise<WirePull | undefined> {
  const giveUpAt = Date.now() + RECONNECT_LIMIT_MS;
  while (!signal.aborted) {
    try {
      return await client.getPull(id);
    } catch (error) {
      const mayComeBack = error instanceof CommandError && error.exitCode === EXIT.unreachable;
      if (!mayComeBack || Date.now() > giveUpAt) throw error;
      terminal.showStatus(`connection lost (${error.message}); trying again`);
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** Where a status can be shown it has a line for each host that is at it; elsewhere each tenth is a line of its own. */
function createPullView(terminal: Terminal): (pull: WirePull) => void {
  const told = new Map<string, string>();
  return (pull) => {
    for (const node of pull.nodes) {
      const news = newsOf(node, terminal.showsStatus);
      if (told.get(node.node) === news) continue;
      told.set(node.node, news);
      if (node.state !== 'pulling' || !terminal.showsStatus) terminal.note(describeNode(node).join('  '));
    }
    const open = pull.nodes.filter(({ state }) => state === 'pulling' || state === 'waiting');
    if (open.length > 0) terminal.showStatus(formatTable(open.map(describeNode)).join('\n'));
  };
}

function newsOf(node: WireNodePull, showsStatus: boolean): string {
  const tenth = showsStatus ? '' : Math.floor((shareOf(node) ?? 0) * 10);
  return [node.state, node.problem ?? '', tenth].join();
}

function shareOf({ completed_bytes: completed, total_bytes: total }: WireNodePull): number | null {
  return completed === null || total === null || total === 0 ? null : completed / total;
}

/** One host as cells: its ID, what it does, how much is there, and what is wrong. */
export function describeNode(node: WireNodePull): readonly string[] {
  const share = shareOf(node);
  const fetched = share === null ? '' : `${Math.floor(share * 100)} % of ${formatSize(node.total_bytes ?? 0)}`;
  return [node.node, node.state, fetched, node.problem ?? (node.state === 'pulling' ? node.status : '')];
}
