import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress, NodeSnapshot } from '../domain/node.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Clock } from './clock.ts';
import { observationOf, unknownNode, type NodeFacts } from './node-facts.ts';
import { createNodeProber, type NodeProber } from './probe-nodes.ts';
import { uniqueHosts } from './same-host.ts';
import type { CallReport, Scheduler } from './scheduler-port.ts';
import { createScheduler } from './scheduler.ts';

export interface FleetOptions {
  readonly addresses: readonly NodeAddress[];
  readonly languageModel: LanguageModel;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly leaseTtlMs: number;
  /** Called each time a node that was unknown or down has answered. */
  readonly onNodeReady?: (node: NodeAddress) => void;
}

/** The known hosts: probed, and lent out call by call. */
export interface Fleet {
  readonly scheduler: Scheduler;
  /** The hosts in use, each once. */
  addresses(): readonly NodeAddress[];
  snapshots(): readonly NodeSnapshot[];
  /** Makes these the hosts of the fleet; calls that run on others go on. */
  setAddresses(addresses: readonly NodeAddress[]): void;
  /** Looks at a host at once, its list of models included; for after a pull. */
  refresh(id: NodeId): void;
  /** Starts probing. */
  start(): void;
  /** Stops probing and refuses waiting calls. */
  close(): void;
}

/** Combines prober and scheduler: what one sees, the other decides by, and failed calls are probed at once. */
export function createFleet(options: FleetOptions): Fleet {
  return new ProbedFleet(options);
}

class ProbedFleet implements Fleet {
  readonly scheduler: Scheduler;
  private readonly prober: NodeProber;
  private readonly options: FleetOptions;
  private readonly readyNodes = new Set<NodeId>();
  private wanted: readonly NodeAddress[] = [];
  private started = false;

  constructor(options: FleetOptions) {
    this.options = options;
    this.scheduler = createScheduler({ ...options, onReport: (...report) => this.takeReport(...report) });
    this.prober = createNodeProber({
      languageModel: options.languageModel,
      clock: options.clock,
      intervalMs: options.probeIntervalMs,
      timeoutMs: options.probeTimeoutMs,
      onObservation: (facts) => this.takeObservation(facts),
    });
    this.setAddresses(options.addresses);
  }

  addresses(): readonly NodeAddress[] {
    return this.wanted;
  }

  snapshots(): readonly NodeSnapshot[] {
    const facts = new Map(this.prober.facts().map((known) => [known.address.id, known]));
    return this.wanted.map((node) => this.snapshotOf(facts.get(node.id) ?? unknownNode(node)));
  }

  setAddresses(addresses: readonly NodeAddress[]): void {
    const next = uniqueHosts(addresses);
    const gone = this.wanted.filter((node) => !next.some((other) => other.id === node.id));
    this.wanted = next;
    for (const node of gone) this.drop(node.id);
    for (const node of next) this.scheduler.addNode(node);
    if (this.started) for (const node of next) this.prober.add(node);
  }

  refresh(id: NodeId): void {
    this.prober.refresh(id);
  }

  start(): void {
    this.started = true;
    for (const node of this.wanted) this.prober.add(node);
  }

  close(): void {
    this.prober.close();
    this.scheduler.close();
  }

  private drop(id: NodeId): void {
    this.prober.remove(id);
    this.scheduler.removeNode(id);
    this.readyNodes.delete(id);
  }

  private takeObservation(facts: NodeFacts): void {
    const { id } = facts.address;
    this.scheduler.setModelSizes(facts.models);
    this.scheduler.observe(id, observationOf(facts));
    if (facts.state !== 'up') this.readyNodes.delete(id);
    else if (!this.readyNodes.has(id)) {
      this.readyNodes.add(id);
      this.options.onNodeReady?.(facts.address);
    }
  }

  private takeReport(id: NodeId, model: string, report: CallReport): void {
    this.prober.noteWork(id);
    if (report.ended === 'unavailable') this.prober.reportFailedCall(id);
    if (report.ended === 'model_missing') this.prober.forgetModel(id, model);
  }

  private snapshotOf(facts: NodeFacts): NodeSnapshot {
    const { address, seenAtMs, ...known } = facts;
    return {
      ...known,
      id: address.id,
      url: address.url,
      slots: address.slots,
      busySlots: this.scheduler.busySlots(address.id),
      seenAt: seenAtMs === null ? null : new Date(seenAtMs).toISOString(),
      speeds: known.models.flatMap(({ name }) => this.speedOf(address.id, name)),
    };
  }

  private speedOf(id: NodeId, model: string): NodeSnapshot['speeds'] {
    const { completionTokensPerSecond } = this.scheduler.learned(id, model);
    return completionTokensPerSecond === null ? [] : [{ model, completionTokensPerSecond }];
  }
}
