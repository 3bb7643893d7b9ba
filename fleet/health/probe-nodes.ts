import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress, NodeModel, ResidentModel } from '../../domain/node.ts';
import type { LanguageModel } from '../../models/language-model.ts';
import type { Clock } from '../clock.ts';
import { createModelDetailsBook, type ModelDetailsBook } from './model-details-book.ts';
import { nodeAnswered, nodeIsDown, unknownNode, withoutModel, type NodeFacts } from './node-facts.ts';
import { createResidentWatch, isResidentNews, type ResidentWatch } from './resident-watch.ts';

export interface NodeProberOptions {
  readonly languageModel: LanguageModel;
  readonly clock: Clock;
  /** From the end of one probe to the next; after a miss of a node that is up, the next one comes sooner. */
  readonly intervalMs: number;
  /** A node that does not answer within this has missed the probe. */
  readonly timeoutMs: number;
  /** False: nobody asks which models are in memory. */
  readonly watchesMemory?: boolean;
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
  /** Something came from the node, such as a token of an answer: it lives, and is only too busy if it misses probes now. */
  noteLife(id: NodeId): void;
  /** Probes at once and lists the models anew, as after a pull; resolves when that look has ended. */
  refresh(id: NodeId): Promise<void>;
  /** Stops timers; answers that are still under way are ignored. */
  close(): void;
}

/** One miss may be a lost packet; two in a row, seconds apart, are a dead or drowned host. */
const MISSES_UNTIL_DOWN = 2;
/** From a missed probe to the next: with 4 s between probes and 2 s to answer, a silent host is known to be down in 9 s. */
const SECOND_LOOK_MS = 1_000;
/** Models change by hand, seldom, but then somebody waits: at 4 s between probes, the list is read every 20 s. */
const PROBES_BETWEEN_LISTS = 4;
/** `/api/ps` blocks while a model loads; an old answer is good enough, so the wait is kept short. */
const RESIDENT_TIMEOUT_MS = 1_000;

/** Creates a prober. Determinism: time comes from the clock; probes of one node never overlap. */
export function createNodeProber(options: NodeProberOptions): NodeProber {
  const watches = new Map<NodeId, NodeWatch>();
  const details = createModelDetailsBook(options.languageModel, options.clock);
  const remove = (id: NodeId): void => {
    watches.get(id)?.close();
    watches.delete(id);
  };
  return {
    add(node) {
      if (watches.get(node.id)?.accepts(node)) return;
      remove(node.id);
      const watch = new NodeWatch(node, options, details);
      watches.set(node.id, watch);
      watch.probeNow();
    },
    remove,
    facts: () => [...watches.values()].map((watch) => watch.facts),
    reportFailedCall: (id) => watches.get(id)?.reportFailedCall(),
    forgetModel: (id, model) => watches.get(id)?.forgetModel(model),
    noteWork: (id) => watches.get(id)?.noteWork(),
    noteLife: (id) => watches.get(id)?.noteLife(),
    refresh: async (id) => watches.get(id)?.refresh(),
    close: () => [...watches.keys()].forEach(remove),
  };
}

/** The watch over one node. */
class NodeWatch {
  facts: NodeFacts;
  private readonly options: NodeProberOptions;
  private misses = 0;
  /** When something came from it that was no answer to a probe. */
  private lifeAtMs = -Infinity;
  private probesUntilList = 0;
  private probing = false;
  private probeAgain = false;
  private readonly details: ModelDetailsBook;
  private readonly residents: ResidentWatch;
  /** Told when the look that they asked for has ended. */
  private readonly lookers: (() => void)[] = [];
  private cancelTimer: () => void = () => undefined;
  private closed = false;

  constructor(node: NodeAddress, options: NodeProberOptions, details: ModelDetailsBook) {
    this.facts = unknownNode(node);
    this.options = options;
    this.details = details;
    const { languageModel } = options;
    this.residents = createResidentWatch(
      () => languageModel.listResidentModels(this.facts.address, RESIDENT_TIMEOUT_MS),
      (residents) => this.takeResidents(residents),
    );
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
    this.lifeAtMs = -Infinity;
    this.misses = Math.max(this.misses, MISSES_UNTIL_DOWN - 1);
    this.probeNow();
  }

  forgetModel(model: string): void {
    this.facts = withoutModel(this.facts, model);
    void this.refresh();
  }

  noteWork(): void {
    this.residents.askSoon();
  }

  noteLife(): void {
    this.lifeAtMs = this.options.clock.now();
  }

  refresh(): Promise<void> {
    this.forgetSchedule();
    const looked = new Promise<void>((resolve) => this.lookers.push(resolve));
    this.probeNow();
    return looked;
  }

  close(): void {
    this.closed = true;
    this.cancelTimer();
    this.tellLookers(this.lookers);
  }

  private async probe(): Promise<void> {
    this.probing = true;
    // Who asks from now on wants a later look than this one.
    const lookers = this.lookers.splice(0);
    await this.askVersion();
    this.probing = false;
    this.tellLookers(lookers);
    if (this.closed) return;
    if (this.facts.state === 'up' && this.options.watchesMemory !== false) this.residents.noteProbe();
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
    if (this.facts.state !== 'up') this.forgetSchedule();
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
      this.facts = { ...this.facts, models: models.map((model) => this.details.complete(model)) };
      this.probesUntilList = PROBES_BETWEEN_LISTS;
      void this.learnDetails(models);
    } catch (error) {
      this.facts = { ...this.facts, problem: `its models could not be listed: ${textOf(error)}` };
    }
  }

  private missed(problem: string): void {
    const { clock, intervalMs, timeoutMs } = this.options;
    const isMerelyBusy = this.facts.state === 'up' && clock.now() - this.lifeAtMs <= Math.max(intervalMs, timeoutMs);
    if (isMerelyBusy) return;
    this.misses += 1;
    const isDown = this.facts.state === 'unknown' || this.misses >= MISSES_UNTIL_DOWN;
    if (!isDown) return;
    this.facts = nodeIsDown(this.facts, problem, clock.now());
    this.tell();
  }

  private forgetSchedule(): void {
    this.probesUntilList = 0;
    this.residents.askSoon();
  }

  /** Runs beside the probes. */
  private async learnDetails(models: readonly NodeModel[]): Promise<void> {
    const hasLearned = await this.details.learn(this.facts.address, models);
    if (!hasLearned || this.facts.state !== 'up') return;
    this.facts = { ...this.facts, models: this.facts.models.map((model) => this.details.complete(model)) };
    this.tell();
  }

  private takeResidents(residentModels: readonly ResidentModel[]): void {
    if (this.facts.state !== 'up') return;
    const isNews = isResidentNews(this.facts.residentModels, residentModels);
    this.facts = { ...this.facts, residentModels };
    if (isNews) this.tell();
  }

  private tellLookers(lookers: readonly (() => void)[]): void {
    for (const looked of lookers) looked();
  }

  private tell(): void {
    if (!this.closed) this.options.onObservation(this.facts);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
