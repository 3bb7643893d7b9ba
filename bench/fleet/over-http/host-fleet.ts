import type { BenchFault, BenchFleet } from '../scenario.ts';
import { startHostProcess, type HostProcess } from './host-process.ts';
import type { HostReport } from './host-messages.ts';

/** The simulated hosts of one run. */
export interface HostFleet {
  readonly hosts: readonly HostProcess[];
  /** Lets a fault of a host happen now. */
  apply(fault: Exclude<BenchFault, { kind: 'kill-router' }>): Promise<void>;
  /** The second half of a crash: the host is back. */
  bringBack(hostId: string): Promise<void>;
  reports(): Promise<ReadonlyMap<string, HostReport>>;
  stop(): Promise<void>;
}

/** Early enough that most answers are longer, late enough that there is something to lose. */
const TRUNCATED_AFTER_TOKENS = 40;

export async function startHostFleet({ hosts, models }: BenchFleet): Promise<HostFleet> {
  const started = await Promise.all(hosts.map((host) => startHostProcess(host, models)));
  const find = (hostId: string): HostProcess => {
    const host = started.find((one) => one.host.id === hostId);
    if (host === undefined) throw new Error(`There is no host ${hostId}.`);
    return host;
  };
  return {
    hosts: started,
    apply: (fault) => applyFault(find(fault.hostId), fault),
    bringBack: (hostId) => find(hostId).restart(),
    async reports() {
      const entries = started.map(async (one) => [one.host.id, await one.report()] as const);
      return new Map(await Promise.all(entries));
    },
    async stop() {
      await Promise.all(started.map((one) => one.stop()));
    },
  };
}

async function applyFault(host: HostProcess, fault: Exclude<BenchFault, { kind: 'kill-router' }>): Promise<void> {
  switch (fault.kind) {
    case 'crash':
      return host.crash();
    case 'freeze':
      return host.freeze();
    case 'truncate': {
      const { share } = fault;
      return host.addFault({ kind: 'end_without_done', afterTokens: TRUNCATED_AFTER_TOKENS, share });
    }
    case 'slow':
      return host.addFault({ kind: 'slow', factor: fault.factor });
    default:
      return fault satisfies never;
  }
}
