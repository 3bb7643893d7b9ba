import type { NodeId } from '../domain/ids.ts';
import type { NodeAddress } from '../domain/node.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Clock } from './clock.ts';
import { nodeAnswered, nodeIsDown, unknownNode, withoutModel, type NodeFacts } from './node-facts.ts';

export interface NodeProberOptions {
  readonly languageModel: LanguageModel;
  readonly clock: Clock;
  /** From the end of one probe to the next; after a miss of a node that is up, the next one comes sooner. */
  readonly intervalMs: number;
  /** A node that does not answer within this has missed the probe. */
  readonly timeoutMs: number;
  /** Called after each probe that says something new or confirms that the node is up, and when its resident models change. */
  readonly onObservation: (facts: NodeFacts) => void;
}

/** Watches nodes: who lives, which models they have, which are in memory. */
export interface NodeProber {
  /** Starts to watch a node and probes it at once; a known ID takes the new address, and starts anew when the URL is another. */
  add(node: NodeAddress): void;
  remove(id: NodeId): void;
  facts(): readonly NodeFacts[];
  /** A call failed there: one miss, and a probe at once. */
  reportFailedCall(id: NodeId): void;
  /** A call did not find a model that was listed: it is forgotten until the node lists it again, and asked for at once. */
  forgetModel(id: NodeId, model: string): void;
  /** A call has ended there, which may have changed what is in memory: the next probe asks. */
  noteWork(id: NodeId): void;
  /** Probes at once and lists the models anew, as after a pull. */
  refresh(id: NodeId): void;
  /** Stops timers; answers that are still under way are ignored. */
  close(): void;
}

/** One miss may be a lost packet; two in a row, seconds apart, are a dead or drowned host. */
const MISSES_UNTIL_DOWN = 2;
/** From a missed probe to the next: longer than a hiccup, and short enough that a death is known within two usual intervals. */
const SECOND_LOOK_MS = 2_000;
/** Models change by hand, seldom, but then somebody waits: at 5 s between probes, the list is read every 20 s. */
const PROBES_BETWEEN_LISTS = 3;
/** What is in memory changes by work of ours, which is noted, or of others and by time: then half a minute is soon enough. */
const PROBES_BETWEEN_RESIDENTS = 6;
/** `/api/ps` blocks while a model loads; an old answer is good enough, so the wait is kept short. */
const RESIDENT_TIMEOUT_MS = 1_000;

/** Creates a prober. Determinism: time comes from the clock; probes of one node never overlap. */
export function createNodeProber(options: NodeProberOptions): NodeProber {
  const watches = new Map<NodeId, NodeWatch>();
  const remove = (id: NodeId): void => {
    watches.get(id)?.close();
    watches.delete(id);
  };
  return {
    add(node) {
      if (watches.get(node.id)?.accepts(node)) return;
      remove(node.id);
      const watch = new NodeWatch(node, options);
      watches.set(node.id, watch);
      watch.probeNow();
    },
    remove,
    facts: () => [...watches.values()].map((watch) => watch.facts),
    reportFailedCall: (id) => watches.get(id)?.reportFailedCall(),
    forgetModel: (id, model) => watches.get(id)?.forgetModel(model),
    noteWork: (id) => watches.get(id)?.noteWork(),
    refresh: (id) => watches.get(id)?.refresh(),
    close: () => [...watches.keys()].forEach(remove),
  };
}

/** The watch over one node. */
class NodeWatch {
  facts: NodeFacts;
  private readonly options: NodeProberOptions;
  private misses = 0;
  private probesUntilList = 0;
  private probesUntilResidents = 0;
  private probing = false;
  private probeAgain = false;
  private askingResidents = false;
  private cancelTimer: () => void = () => undefined;
  private closed = false;

  constructor(node: NodeAddress, options: NodeProberOptions) {
    this.facts = unknownNode(node);
    this.options = options;
  }

  /** Takes over what may change of a node without it becoming another host; false when the URL is another. */
  accepts(node: NodeAddress): boolean {
    const isSameHost = node.url === this.facts.address.url;
    if (isSameHost) this.facts = { ...this.facts, address: node };
    return isSameHost;
  }

  probeNow(): void {
    this.cancelTimer();
    this.probeAgain = this.probing;
    if (!this.probing) void this.probe();
  }

  reportFailedCall(): void {
    this.misses = Math.max(this.misses, MISSES_UNTIL_DOWN - 1);
    this.probeNow();
  }

  forgetModel(model: string): void {
    this.facts = withoutModel(this.facts, model);
    this.refresh();
  }

  noteWork(): void {
    this.probesUntilResidents = 0;
  }

  refresh(): void {
    this.probesUntilList = 0;
    this.probesUntilResidents = 0;
    this.probeNow();
  }

  close(): void {
    this.closed = true;
    this.cancelTimer();
  }

  private async probe(): Promise<void> {
    this.probing = true;
    await this.askVersion();
    this.probing = false;
    if (this.closed) return;
    if (this.facts.state === 'up') this.askResidentsWhenDue();
    if (this.probeAgain) return this.probeNow();
    this.cancelTimer = this.options.clock.setTimer(this.pauseMs(), () => this.probeNow());
  }

  /** A node that is known to be down is asked no more often than one that is up. */
  private pauseMs(): number {
    const { intervalMs } = this.options;
    const isInDoubt = this.facts.state === 'up' && this.misses > 0;
    return isInDoubt ? Math.min(SECOND_LOOK_MS, intervalMs) : intervalMs;
  }

  private async askVersion(): Promise<void> {
    const { languageModel, timeoutMs } = this.options;
    const answer = await languageModel.getVersion(this.facts.address, timeoutMs).then(
      (version) => ({ version }),
      (error: unknown) => ({ problem: textOf(error) }),
    );
    if ('problem' in answer) this.missed(answer.problem);
    else await this.answered(answer.version);
  }

  private async answered(version: string): Promise<void> {
    if (this.facts.state !== 'up') this.probesUntilList = this.probesUntilResidents = 0;
    this.misses = 0;
    this.facts = nodeAnswered(this.facts, version, this.options.clock.now());
    if (this.probesUntilList <= 0) await this.askModels();
    else this.probesUntilList -= 1;
    this.tell();
  }

  /** A list that cannot be read is asked for again at the next probe; what was known stays. */
  private async askModels(): Promise<void> {
    const { languageModel, timeoutMs } = this.options;
    try {
      const models = await languageModel.listModels(this.facts.address, timeoutMs);
      this.facts = { ...this.facts, models };
      this.probesUntilList = PROBES_BETWEEN_LISTS;
    } catch (error) {
      this.facts = { ...this.facts, problem: `its models could not be listed: ${textOf(error)}` };
    }
  }

  private missed(problem: string): void {
    this.misses += 1;
    const isDown = this.facts.state === 'unknown' || this.misses >= MISSES_UNTIL_DOWN;
    if (!isDown) return;
    this.facts = nodeIsDown(this.facts, problem);
    this.tell();
  }

  private askResidentsWhenDue(): void {
    this.probesUntilResidents -= 1;
    if (this.probesUntilResidents > 0) return;
    this.probesUntilResidents = PROBES_BETWEEN_RESIDENTS;
    void this.askResidents();
  }

  /** Runs beside the probes: a host that is loading a model answers this late, and lives. */
  private async askResidents(): Promise<void> {
    if (this.askingResidents) return;
    this.askingResidents = true;
    const { languageModel } = this.options;
    const residentModels = await languageModel
      .listResidentModels(this.facts.address, RESIDENT_TIMEOUT_MS)
      .catch(() => this.facts.residentModels);
    this.askingResidents = false;
    const isNews = residentModels.join('\n') !== this.facts.residentModels.join('\n');
    if (this.facts.state !== 'up' || !isNews) return;
    this.facts = { ...this.facts, residentModels };
    this.tell();
  }

  private tell(): void {
    if (!this.closed) this.options.onObservation(this.facts);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
