import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress, NodeSnapshot } from '../domain/node.ts';
import type { WantedNode } from '../domain/node-record.ts';
import type { NodeKnowledge } from '../domain/node-knowledge.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { createStateAnnouncer, type NodeStateChange, type StateAnnouncer } from './health/announce-states.ts';
import { neverGoingBack, type Clock } from './clock.ts';
import { FleetKnowledge } from './learning/fleet-knowledge.ts';
import { hostMemory } from './model-memory/host-memory.ts';
import { observationOf, unknownNode, type NodeFacts } from './health/node-facts.ts';
import { createNodeProber, type NodeProber } from './health/probe-nodes.ts';
import { uniqueHosts } from './hosts/same-host.ts';
import type { CallReport, HostMemory, Scheduler } from './scheduler-port.ts';
import type { SchedulerOptions } from './scheduling/scheduler-options.ts';
import { createScheduler } from './scheduling/scheduler.ts';
import { vramCapacity } from './model-memory/vram-capacity.ts';

export interface FleetOptions extends Pick<SchedulerOptions, 'mayGrant' | 'onDecision' | 'onEnded'> {
  readonly addresses: readonly WantedNode[];
  readonly languageModel: LanguageModel;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly leaseTtlMs: number;
  /** False: nobody asks what is in the hosts' memory, and nothing is reckoned with it. */
  readonly watchesMemory?: boolean;
  /** What was learned of hosts before, as `knowledge` gave it. */
  readonly knowledge?: readonly NodeKnowledge[];
  /** Told when a node has gone down or come up, of one node at most every ten seconds. */
  readonly onStateChange?: (change: NodeStateChange) => void;
  /** Called each time a node that was unknown or down has answered. */
  readonly onNodeReady?: (node: NodeAddress) => void;
}

/** The known hosts: probed, and lent out call by call. */
export interface Fleet {
  readonly scheduler: Scheduler;
  /** The hosts in use, each once. */
  addresses(): readonly WantedNode[];
  /** How a host is reached: one in use, or one that was removed and still has calls. */
  addressOf(id: NodeId): NodeAddress | undefined;
  snapshots(): readonly NodeSnapshot[];
  /** What was learned of the hosts, to be kept. */
  knowledge(): readonly NodeKnowledge[];
  /** Makes these the hosts of the fleet; calls that run on others go on. */
  setAddresses(addresses: readonly WantedNode[]): void;
  /** Looks at a host at once, its list of models included; resolves when that look has ended. */
  refresh(id: NodeId): Promise<void>;
  /** Starts probing. */
  start(): void;
  /** Stops probing and refuses waiting calls. */
  close(): void;
}

/** Combines prober and scheduler: what one sees, the other decides by, and failed calls are probed at once. */
export function createFleet(options: FleetOptions): Fleet {
  return new ProbedFleet({ ...options, clock: neverGoingBack(options.clock) });
}

class ProbedFleet implements Fleet {
  readonly scheduler: Scheduler;
  private readonly prober: NodeProber;
  private readonly options: FleetOptions;
  private readonly learned: FleetKnowledge;
  private readonly announcer: StateAnnouncer;
  private readonly readyNodes = new Set<NodeId>();
  /** Hosts that are wanted no more, and that calls may still run on. */
  private readonly leaving = new Map<NodeId, NodeAddress>();
  private wanted: readonly WantedNode[] = [];
  private started = false;

  constructor(options: FleetOptions) {
    this.options = options;
    this.learned = new FleetKnowledge(() => options.clock.now(), options.knowledge);
    this.announcer = createStateAnnouncer(options.clock, (change) => options.onStateChange?.(change));
    this.scheduler = createScheduler({
      ...options,
      rates: this.learned.rates,
      memoryLimits: this.learned.memoryLimits,
      onReport: (...report) => this.takeReport(...report),
      onProgress: (id) => this.prober.noteLife(id),
    });
    this.prober = createNodeProber({
      languageModel: options.languageModel,
      clock: options.clock,
      intervalMs: options.probeIntervalMs,
      timeoutMs: options.probeTimeoutMs,
      watchesMemory: options.watchesMemory ?? true,
      onObservation: (facts) => this.takeObservation(facts),
    });
    this.setAddresses(options.addresses);
  }

  addresses(): readonly WantedNode[] {
    return this.wanted;
  }

  addressOf(id: NodeId): NodeAddress | undefined {
    const isBusy = this.scheduler.busySlots(id) > 0;
    return this.wanted.find((node) => node.id === id) ?? (isBusy ? this.leaving.get(id) : undefined);
  }

  snapshots(): readonly NodeSnapshot[] {
    const facts = new Map(this.prober.facts().map((known) => [known.address.id, known]));
    return this.wanted.map((node) => this.snapshotOf(node, facts.get(node.id) ?? unknownNode(node)));
  }

  knowledge(): readonly NodeKnowledge[] {
    return this.learned.entries();
  }

  setAddresses(addresses: readonly WantedNode[]): void {
    const next = uniqueHosts(addresses);
    const gone = this.wanted.filter((node) => !next.some((other) => other.id === node.id));
    this.wanted = next;
    for (const node of gone) this.drop(node);
    for (const node of next) this.use(node);
    if (this.started) for (const node of next) this.prober.add(node);
  }

  refresh(id: NodeId): Promise<void> {
    return this.prober.refresh(id);
  }

  start(): void {
    this.started = true;
    for (const node of this.wanted) this.prober.add(node);
  }

  close(): void {
    this.prober.close();
    this.announcer.close();
    this.scheduler.close();
  }

  private use(node: WantedNode): void {
    this.leaving.delete(node.id);
    this.scheduler.addNode(node);
    this.learned.begin(node);
    this.scheduler.setDraining(node.id, node.wanted === 'draining');
  }

  private drop(node: NodeAddress): void {
    const { id } = node;
    for (const other of this.leaving.keys()) if (this.scheduler.busySlots(other) === 0) this.leaving.delete(other);
    this.leaving.set(id, node);
    this.prober.remove(id);
    this.announcer.forget(id);
    this.learned.end(id);
    this.scheduler.removeNode(id);
    this.readyNodes.delete(id);
  }

  private takeObservation(facts: NodeFacts): void {
    const { id } = facts.address;
    this.scheduler.setModelSizes(facts.models);
    this.announcer.note(facts);
    this.scheduler.observe(id, observationOf(facts, this.memoryOf(facts)));
    if (facts.state !== 'up') this.readyNodes.delete(id);
    else if (!this.readyNodes.has(id)) {
      this.readyNodes.add(id);
      this.options.onNodeReady?.(facts.address);
    }
  }

  /** Undefined where memory is not watched. */
  private memoryOf(facts: NodeFacts): HostMemory | null | undefined {
    if (this.options.watchesMemory === false) return undefined;
    if (facts.state === 'up') this.learned.noteMemory(facts);
    return hostMemory(facts, this.learned.vram(facts.address.id));
  }

  private takeReport(id: NodeId, model: string, report: CallReport): void {
    this.prober.noteWork(id);
    if (report.ended === 'unavailable') this.prober.reportFailedCall(id);
    if (report.ended === 'model_missing') this.prober.forgetModel(id, model);
  }

  private snapshotOf({ origin, wanted }: WantedNode, facts: NodeFacts): NodeSnapshot {
    const { address, seenAtMs, sinceMs, ...known } = facts;
    const { vramBytes, vramSource } = vramCapacity(this.learned.vram(address.id), address);
    return {
      ...known,
      id: address.id,
      url: address.url,
      since: isoOf(sinceMs),
      origin,
      wanted,
      vramBytes,
      vramSource,
      slots: address.slots,
      busySlots: this.scheduler.busySlots(address.id),
      seenAt: isoOf(seenAtMs),
      speeds: known.models.flatMap(({ name }) => this.speedOf(address.id, name)),
    };
  }

  private speedOf(id: NodeId, model: string): NodeSnapshot['speeds'] {
    const learned = this.scheduler.learned(id, model);
    return learned.samples === 0 && learned.failureShare === 0 ? [] : [{ model, ...learned }];
  }
}

function isoOf(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
