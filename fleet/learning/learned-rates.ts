import type { NodeId } from '../../domain/ids.ts';
import { fullModelName } from '../../domain/model-name.ts';
import type { ResidentModel } from '../../domain/node.ts';
import {
  addWork,
  countCall,
  currentSpeeds,
  EMPTY_RECORD,
  failureShare,
  seenInMemory,
  speedOf,
  type ModelRecord,
  type Speeds,
  type Work,
} from './model-record.ts';
import { creditsOf, learnParallelism, type SlotSample } from './parallelism.ts';
import { learnPromptRate } from './prompt-rate.ts';
import type { LearnedRates, ModelSize } from '../scheduler-port.ts';
import { SpeedCache } from './speed-cache.ts';
import { isSpilled } from '../model-memory/vram-capacity.ts';

/** What one finished call measured; `loadMs` is null when the model was in memory already. */
export interface RateSample {
  readonly promptTokens: number;
  readonly promptMs: number;
  readonly completionTokens: number;
  readonly decodeMs: number;
  readonly loadMs: number | null;
  /** Where it is known how many calls ran beside it. */
  readonly slot?: Omit<SlotSample, 'completionTokens' | 'decodeMs'>;
}

/** What a call of one model on one host is expected to cost. */
export interface SpeedEstimate {
  readonly promptSecondsPerToken: number;
  readonly completionSecondsPerToken: number;
  readonly loadSeconds: number;
}

/** What is known of one host, by full model name. Plain JSON, to be kept. */
export type HostRecords = Readonly<Record<string, ModelRecord>>;

/** Assumed while no host has said how large a model is: 7B parameters at 4 bits. */
const UNKNOWN_SIZE_BYTES = 4e9;

/**
 * Assumed while nothing was measured anywhere, as model bytes per second. Decoding reads every weight once per token:
 * 80 GB/s lies between a desktop's memory (40) and a small GPU's (200). Prompts are read in batches, about ten times
 * faster. Loading is bound by the disk: 500 MB/s is a SATA SSD.
 */
const PRIOR_BYTES_PER_SECOND: Readonly<Record<Work, number>> = { prompt: 800e9, completion: 80e9, load: 0.5e9 };

/**
 * Speeds of every model on every host: measured where there are samples, else derived, in this order: the host's measured
 * model nearest in size, scaled by bytes; the median of the fleet for this model; the median of the fleet for all models,
 * scaled by bytes; a constant. Speed is taken to be inversely proportional to the bytes of a model.
 * `now` gives milliseconds, by which old samples lose weight; without it they lose it to newer ones only.
 */
export class RateBook {
  private readonly now: () => number;
  private readonly hosts = new Map<NodeId, Map<string, ModelRecord>>();
  private readonly sizes = new Map<string, number>();
  private readonly speeds = new SpeedCache();

  constructor(now: () => number = () => 0) {
    this.now = now;
  }

  setModelSizes(sizes: readonly ModelSize[]): void {
    for (const { name, sizeBytes } of sizes) {
      if (!(sizeBytes > 0) || this.sizes.get(fullModelName(name)) === sizeBytes) continue;
      this.sizes.set(fullModelName(name), sizeBytes);
      this.speeds.forgetAll();
    }
  }

  record(nodeId: NodeId, model: string, sample: RateSample): void {
    const nowMs = this.now();
    const known = this.recordOf(nodeId, model);
    const speeds = currentSpeeds(known);
    const { prompt, cachedPrompts } = learnPromptRate(
      { prompt: speeds.prompt, cachedPrompts: known.cachedPrompts },
      sample.promptTokens,
      sample.promptMs,
      nowMs,
    );
    const completion = addWork(speeds.completion, sample.completionTokens, sample.decodeMs, nowMs);
    const load = addWork(speeds.load, sample.loadMs === null ? 0 : 1, sample.loadMs ?? 0, nowMs);
    const learned: Speeds = { ...(prompt && { prompt }), ...(completion && { completion }), ...(load && { load }) };
    const parallelism = sample.slot
      ? learnParallelism(known.parallelism, { ...sample, ...sample.slot })
      : known.parallelism;
    const state = known.isSpilled ? { spilled: learned } : { whole: learned };
    this.keep(nodeId, model, countCall({ ...known, ...state, cachedPrompts, parallelism }, false, nowMs));
  }

  /** A call failed by the host's fault. */
  recordFailure(nodeId: NodeId, model: string): void {
    this.keep(nodeId, model, countCall(this.recordOf(nodeId, model), true, this.now()));
  }

  /** Models were seen in the memory of a host with graphics cards: what is measured from now on is for the state seen. */
  noteResidents(nodeId: NodeId, residents: readonly ResidentModel[]): void {
    for (const resident of residents) {
      const known = this.recordOf(nodeId, resident.name);
      const seen = seenInMemory(known, isSpilled(resident));
      if (seen !== known) this.keep(nodeId, resident.name, seen);
    }
  }

  /** Calls of the model that the host should get at once, between one and its slots. */
  credits(nodeId: NodeId, model: string, slots: number): number {
    return creditsOf(this.recordOf(nodeId, model).parallelism, slots);
  }

  /** All that is known of a host, to be kept. */
  recordsOf(nodeId: NodeId): HostRecords {
    return Object.fromEntries(this.hosts.get(nodeId) ?? []);
  }

  /** Takes what was kept of a host in the place of what is known. */
  restore(nodeId: NodeId, records: HostRecords): void {
    this.hosts.set(nodeId, new Map(Object.entries(records)));
    this.speeds.forgetHost(nodeId);
  }

  /** Forgets a host, so that another machine under the same name is not judged by it. */
  forget(nodeId: NodeId): void {
    this.hosts.delete(nodeId);
    this.speeds.forgetHost(nodeId);
  }

  learned(nodeId: NodeId, model: string): LearnedRates {
    const record = this.recordOf(nodeId, model);
    const { prompt, completion, load } = currentSpeeds(record);
    const loadsPerSecond = speedOf(load);
    return {
      promptTokensPerSecond: speedOf(prompt),
      completionTokensPerSecond: speedOf(completion),
      loadSeconds: loadsPerSecond === null ? null : 1 / loadsPerSecond,
      failureShare: failureShare(record),
      samples: record.finishedCalls,
      parallelism: record.parallelism?.credits ?? null,
    };
  }

  estimate(nodeId: NodeId, model: string): SpeedEstimate {
    const name = fullModelName(model);
    return {
      promptSecondsPerToken: 1 / this.speed(nodeId, name, 'prompt'),
      completionSecondsPerToken: 1 / this.speed(nodeId, name, 'completion'),
      loadSeconds: 1 / this.speed(nodeId, name, 'load'),
    };
  }

  private recordOf(nodeId: NodeId, model: string): ModelRecord {
    return this.hosts.get(nodeId)?.get(fullModelName(model)) ?? EMPTY_RECORD;
  }

  private keep(nodeId: NodeId, model: string, record: ModelRecord): void {
    const models = this.hosts.get(nodeId) ?? new Map<string, ModelRecord>();
    this.hosts.set(nodeId, models.set(fullModelName(model), record));
    this.speeds.forgetHost(nodeId);
  }

  private speed(nodeId: NodeId, model: string, work: Work): number {
    let own = this.speeds.ofHost(nodeId, work, model);
    if (own === undefined) {
      own = this.measured(nodeId, model, work) ?? this.scaledFromHost(nodeId, model, work);
      this.speeds.keepOfHost(nodeId, work, model, own);
    }
    return own ?? this.fleetSpeed(model, work);
  }

  private fleetSpeed(model: string, work: Work): number {
    const known = this.speeds.fleet(work, model);
    if (known !== undefined) return known;
    const anyModel = (this.fleetMedian(work, null) ?? PRIOR_BYTES_PER_SECOND[work]) / this.sizeOf(model);
    const speed = this.fleetMedian(work, model) ?? anyModel;
    this.speeds.keepFleet(work, model, speed);
    return speed;
  }

  /** For the state that the model was last seen in; nothing being known of that, the other says more than another model. */
  private measured(nodeId: NodeId, model: string, work: Work): number | null {
    const record = this.recordOf(nodeId, model);
    return speedOf(currentSpeeds(record)[work]) ?? usualSpeed(record, work);
  }

  private scaledFromHost(nodeId: NodeId, model: string, work: Work): number | null {
    const sizeBytes = this.sizeOf(model);
    let nearest: number | null = null;
    let nearestDistance = Infinity;
    for (const [other, record] of this.hosts.get(nodeId) ?? []) {
      const speed = usualSpeed(record, work);
      const distance = Math.abs(Math.log(this.sizeOf(other) / sizeBytes));
      if (speed === null || distance >= nearestDistance) continue;
      nearest = (speed * this.sizeOf(other)) / sizeBytes;
      nearestDistance = distance;
    }
    return nearest;
  }

  /** Median speed of one model over all hosts, or of all models as bytes per second when `model` is null. */
  private fleetMedian(work: Work, model: string | null): number | null {
    return median(this.fleetSpeeds(work, model));
  }

  private fleetSpeeds(work: Work, model: string | null): number[] {
    const speeds: number[] = [];
    for (const models of this.hosts.values()) {
      for (const name of model === null ? models.keys() : [model]) {
        const speed = usualSpeed(models.get(name) ?? EMPTY_RECORD, work);
        if (speed !== null) speeds.push(model === null ? speed * this.sizeOf(name) : speed);
      }
    }
    return speeds;
  }

  private sizeOf(model: string): number {
    return this.sizes.get(model) ?? UNKNOWN_SIZE_BYTES;
  }
}

/** What tells most of other models and hosts: the speed with all of the model in fast memory. */
function usualSpeed({ whole, spilled }: ModelRecord, work: Work): number | null {
  return speedOf(whole[work] ?? spilled[work]);
}

function median(values: number[]): number | null {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
