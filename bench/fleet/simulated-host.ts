import { HostMemory, pickSlot, takeSlot, type Resident } from './host-memory.ts';
import type { BenchCall, BenchHost, BenchModel, BenchSpeed } from './scenario.ts';
import { SharedProcessor, type Job } from './shared-processor.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How a call on a host ends. A frozen host says nothing. */
export type HostEnding =
  | { readonly kind: 'finished'; readonly loadMs: number; readonly promptMs: number; readonly decodeMs: number }
  /** Connection refused, or reset before the first token. */
  | { readonly kind: 'refused' }
  /** 503: too many wait for a load. */
  | { readonly kind: 'busy' }
  /** Reset in the middle of the answer. */
  | { readonly kind: 'broken'; readonly tokens: number }
  /** The stream ended in order, but without `done`. */
  | { readonly kind: 'truncated'; readonly tokens: number };

/** A call on a host. */
export interface HostCall {
  /** The caller closes its connection; nothing is heard of the call after that. Answers the tokens written so far. */
  cancel(): number;
  /** When the last byte came, or the call began. */
  silentSinceSeconds(): number;
}

/** What a host has done. */
export interface HostCounts {
  loads: number;
  loadSeconds: number;
  /** Answered 503. */
  refusedLoads: number;
}

interface Stream {
  readonly call: BenchCall;
  readonly ended: (ending: HostEnding) => void;
  readonly submittedSeconds: number;
  phase: 'loading' | 'queued' | 'prompt' | 'decode';
  phaseSeconds: number;
  resident: Resident<Stream> | null;
  slot: number | null;
  loadMs: number;
  promptMs: number;
  job: Job | null;
}

/** OLLAMA_MAX_QUEUE: the default of Ollama. */
const MAX_QUEUE = 512;
/**
 * An Ollama host in virtual time. A call for a model in memory goes to that model's slots, whose queue is unbounded and which
 * nobody sees; any other call waits for a load. Loads are served one at a time, each to its end: evict what is idle, wait where
 * nothing is, load. Source: `server/sched.go`, as read for the notes; the simulated node of `models/` does the same over HTTP.
 */
export class SimulatedHost {
  readonly address: BenchHost;
  readonly counts: HostCounts = { loads: 0, loadSeconds: 0, refusedLoads: 0 };
  private readonly clock: VirtualClock;
  private readonly models: ReadonlyMap<string, BenchModel>;
  private readonly processor: SharedProcessor;
  private readonly streams = new Set<Stream>();
  private readonly memory: HostMemory<Stream>;
  private pendingLoads: Stream[] = [];
  private cancelLoad: (() => void) | null = null;
  private state: 'up' | 'frozen' | 'down' = 'up';
  private frozenAtSeconds = Infinity;
  private truncates: (call: BenchCall) => boolean = () => false;

  constructor(address: BenchHost, models: readonly BenchModel[], clock: VirtualClock) {
    this.address = address;
    this.clock = clock;
    this.models = new Map(models.map((model) => [model.name, model]));
    this.processor = new SharedProcessor(clock, address.slots);
    this.memory = new HostMemory(address, clock);
  }

  isAnswering(): boolean {
    return this.state === 'up';
  }

  residentModels(): readonly string[] {
    return this.memory.present().map(({ model }) => model.name);
  }

  /** Calls that it works on, or that wait in it. */
  openCalls(): number {
    return this.streams.size;
  }

  submit(call: BenchCall, ended: (ending: HostEnding) => void): HostCall {
    const stream = this.createStream(call, ended);
    // The answer comes after the call, never within it.
    if (this.state === 'down') this.clock.after(0, () => this.end(stream, { kind: 'refused' }));
    else if (this.state === 'up') this.admit(stream);
    return { cancel: () => this.cancel(stream), silentSinceSeconds: () => this.silentSince(stream) };
  }

  crash(): void {
    this.state = 'down';
    this.cancelLoad?.();
    this.cancelLoad = null;
    this.pendingLoads = [];
    this.memory.clear();
    // Callers may come back at once; those calls are not among the broken ones.
    const broken = [...this.streams];
    for (const stream of broken) {
      const tokens = tokensOf(stream);
      stream.job?.cancel();
      this.end(stream, stream.phase === 'decode' ? { kind: 'broken', tokens } : { kind: 'refused' });
    }
  }

  /** Starts anew with nothing in memory. */
  restart(): void {
    this.state = 'up';
  }

  freeze(): void {
    this.state = 'frozen';
    this.frozenAtSeconds = this.clock.nowSeconds();
    this.cancelLoad?.();
    this.processor.setSlowdown(Infinity);
  }

  slowDown(factor: number): void {
    this.processor.setSlowdown(factor);
  }

  /** Ends such answers half-way from now on. */
  truncate(truncates: (call: BenchCall) => boolean): void {
    this.truncates = truncates;
  }

  private createStream(call: BenchCall, ended: (ending: HostEnding) => void): Stream {
    const submittedSeconds = this.clock.nowSeconds();
    const stream: Stream = {
      call,
      ended,
      submittedSeconds,
      phase: 'loading',
      phaseSeconds: submittedSeconds,
      resident: null,
      slot: null,
      loadMs: 0,
      promptMs: 0,
      job: null,
    };
    this.streams.add(stream);
    return stream;
  }

  private admit(stream: Stream): void {
    const warm = this.memory.find(stream.call.model);
    if (warm !== undefined) return this.enter(stream, warm);
    if (this.pendingLoads.length >= MAX_QUEUE) {
      this.counts.refusedLoads += 1;
      this.clock.after(0, () => this.end(stream, { kind: 'busy' }));
      return;
    }
    this.pendingLoads.push(stream);
    this.workThroughLoads();
  }

  /** Serves the first that waits for a load; returns when it has to wait, and is called again when that may have changed. */
  private workThroughLoads(): void {
    while (this.cancelLoad === null && this.state === 'up') {
      const stream = this.pendingLoads[0];
      if (stream === undefined) return;
      const model = this.models.get(stream.call.model);
      if (model === undefined) throw new Error(`No host has ${stream.call.model}.`);
      const present = this.memory.find(model.name);
      if (present === undefined && !this.memory.makeRoom(model)) return;
      if (present === undefined) return this.load(model);
      this.pendingLoads.shift();
      stream.loadMs = (this.clock.nowSeconds() - stream.submittedSeconds) * 1000;
      this.enter(stream, present);
    }
  }

  private load(model: BenchModel): void {
    const seconds = model.sizeBytes / this.address.loadBytesPerSecond;
    this.cancelLoad = this.clock.after(seconds, () => {
      this.cancelLoad = null;
      this.counts.loads += 1;
      this.counts.loadSeconds += seconds;
      this.memory.add(model);
      this.workThroughLoads();
    });
  }

  private enter(stream: Stream, resident: Resident<Stream>): void {
    stream.resident = resident;
    resident.users += 1;
    const slot = pickSlot(resident, stream.call);
    if (slot === undefined) {
      stream.phase = 'queued';
      resident.queue.push(stream);
    } else this.readPrompt(stream, resident, slot);
  }

  private readPrompt(stream: Stream, resident: Resident<Stream>, slot: number): void {
    const { call } = stream;
    const tokens = call.promptTokens - takeSlot(resident, slot, call);
    stream.slot = slot;
    stream.phase = 'prompt';
    stream.phaseSeconds = this.clock.nowSeconds();
    const { promptTokensPerSecond } = this.speedOf(call.model);
    stream.job = this.processor.start(tokens / promptTokensPerSecond, () => this.decode(stream));
  }

  private decode(stream: Stream): void {
    const { call } = stream;
    stream.promptMs = (this.clock.nowSeconds() - stream.phaseSeconds) * 1000;
    stream.phase = 'decode';
    stream.phaseSeconds = this.clock.nowSeconds();
    const seconds = call.completionTokens / this.speedOf(call.model).completionTokensPerSecond;
    const isTruncated = this.truncates(call);
    stream.job = this.processor.start(isTruncated ? seconds / 2 : seconds, () => this.finish(stream, isTruncated));
  }

  private finish(stream: Stream, isTruncated: boolean): void {
    const decodeMs = (this.clock.nowSeconds() - stream.phaseSeconds) * 1000;
    this.leave(stream);
    const { loadMs, promptMs, call } = stream;
    if (isTruncated) this.end(stream, { kind: 'truncated', tokens: call.completionTokens / 2 });
    else this.end(stream, { kind: 'finished', loadMs, promptMs, decodeMs });
  }

  private silentSince({ phase, submittedSeconds }: Stream): number {
    return phase === 'decode' ? Math.min(this.clock.nowSeconds(), this.frozenAtSeconds) : submittedSeconds;
  }

  private cancel(stream: Stream): number {
    if (!this.streams.has(stream)) return 0;
    const tokens = tokensOf(stream);
    stream.job?.cancel();
    this.streams.delete(stream);
    this.pendingLoads = this.pendingLoads.filter((pending) => pending !== stream);
    this.leave(stream);
    return tokens;
  }

  /** Gives slot and model free, for the next in the queue and for loads that wait for an idle model. */
  private leave(stream: Stream): void {
    const { resident, slot } = stream;
    if (resident === null) return;
    stream.resident = null;
    this.memory.release(resident);
    if (slot === null) resident.queue.splice(resident.queue.indexOf(stream), 1);
    else {
      resident.freeSlots.add(slot);
      const next = resident.queue.shift();
      if (next !== undefined) this.readPrompt(next, resident, slot);
    }
    this.workThroughLoads();
  }

  private end(stream: Stream, ending: HostEnding): void {
    if (this.streams.delete(stream)) stream.ended(ending);
  }

  private speedOf(model: string): BenchSpeed {
    const speed = this.address.speeds[model];
    if (speed === undefined) throw new Error(`${this.address.id} does not have ${model}.`);
    return speed;
  }
}

/** Tokens that a stream has written. */
function tokensOf({ phase, job, call }: Stream): number {
  return phase === 'decode' && job !== null ? Math.floor(job.progress() * call.completionTokens) : 0;
}
