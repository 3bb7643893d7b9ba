import { networkInterfaces } from 'node:os';
import type { DiscoverySettings } from '../../config/settings.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { Clock } from '../clock.ts';
import { listHosts, listTargets, urlOf, type Target } from './list-targets.ts';
import { probeTarget, type ProbeTarget } from './probe-target.ts';
import { sweepTargets } from './sweep-targets.ts';

/** Looks again and again for Ollama hosts on this machine and in its subnets. */
export interface Discovery {
  /** Those that were found and have not vanished, in the order in which they were found. */
  nodes(): readonly NodeAddress[];
  /** Starts to look, at once; does nothing where it is switched off. */
  start(): void;
  /** Ends also the look that is under way. */
  stop(): Promise<void>;
}

export interface DiscoveryDependencies {
  readonly settings: DiscoverySettings;
  /** Slots of a node that was found: it does not say. */
  readonly slots: number;
  readonly clock: Clock;
  /** Whether the own probing of the fleet gets no answer from this node; one that answers there is never dropped. */
  readonly isDown: (id: NodeId) => boolean;
  /** The hosts to ask; those of this machine's interfaces where it is not given. */
  readonly hosts?: () => readonly string[];
  readonly probe?: ProbeTarget;
}

/** One miss may be a lost packet, and two a restart; then it has been gone for some minutes. */
const MISSES_UNTIL_GONE = 3;

/** A node that was found. */
interface Found {
  readonly target: Target;
  readonly node: NodeAddress;
  readonly misses: number;
}

/** Creates a discovery. Determinism: time comes from the clock; looks never overlap. */
export function createDiscovery(deps: DiscoveryDependencies): Discovery {
  return new SweepingDiscovery(deps);
}

class SweepingDiscovery implements Discovery {
  private readonly deps: DiscoveryDependencies;
  private readonly found = new Map<string, Found>();
  private readonly stopping = new AbortController();
  /** Where the next look goes on, should one look not reach all. */
  private cursor = 0;
  private looking: Promise<void> = Promise.resolve();
  private cancelTimer: () => void = () => undefined;

  constructor(deps: DiscoveryDependencies) {
    this.deps = deps;
  }

  nodes(): readonly NodeAddress[] {
    return [...this.found.values()].map(({ node }) => node);
  }

  start(): void {
    if (this.deps.settings.enabled) this.look();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.cancelTimer();
    await this.looking;
  }

  private look(): void {
    this.looking = this.sweep().then(() => {
      if (this.stopping.signal.aborted) return;
      this.cancelTimer = this.deps.clock.setTimer(this.deps.settings.intervalMs, () => this.look());
    });
  }

  /** Those that are known come first, so that each look says whether they are still there. */
  private async sweep(): Promise<void> {
    const { settings, clock, hosts = hostsOfThisMachine, probe = probeTarget } = this.deps;
    const targets = listTargets(hosts(), settings.ports);
    const known = [...this.found.values()].map(({ target }) => target);
    const others = targets.filter((target) => !this.found.has(urlOf(target)));
    const start = others.length === 0 ? 0 : this.cursor % others.length;
    const asked = await sweepTargets([...known, ...others.slice(start), ...others.slice(0, start)], {
      probe,
      clock,
      timeoutMs: settings.timeoutMs,
      signal: this.stopping.signal,
      onOutcome: (target, isOllama) => (isOllama ? this.note(target) : this.miss(target)),
    });
    const reachedAll = asked === known.length + others.length;
    this.cursor = reachedAll ? 0 : start + Math.max(0, asked - known.length);
  }

  private note(target: Target): void {
    const url = urlOf(target);
    const node = { id: target.name as NodeId, url, slots: this.deps.slots };
    this.found.set(url, { target, node, misses: 0 });
  }

  private miss(target: Target): void {
    const url = urlOf(target);
    const known = this.found.get(url);
    if (known === undefined) return;
    const misses = known.misses + 1;
    if (misses >= MISSES_UNTIL_GONE && this.deps.isDown(known.node.id)) this.found.delete(url);
    else this.found.set(url, { ...known, misses });
  }
}

function hostsOfThisMachine(): readonly string[] {
  return listHosts(networkInterfaces());
}
