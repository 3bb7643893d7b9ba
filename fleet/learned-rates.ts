import type { NodeId } from '../domain/ids.ts';
import { fullModelName } from '../domain/model-name.ts';
import type { LearnedRates, ModelSize } from './scheduler-port.ts';

/** What one finished call measured; `loadMs` is null when the model was in memory already. */
export interface RateSample {
  readonly promptTokens: number;
  readonly promptMs: number;
  readonly completionTokens: number;
  readonly decodeMs: number;
  readonly loadMs: number | null;
}

/** What a call of one model on one host is expected to cost. */
export interface SpeedEstimate {
  readonly promptSecondsPerToken: number;
  readonly completionSecondsPerToken: number;
  readonly loadSeconds: number;
}

type Work = 'prompt' | 'completion' | 'load';

/** Decayed sums of the work done (tokens, or loads) and of the seconds it took. */
interface Tally {
  amount: number;
  seconds: number;
}

type HostTallies = Map<string, Partial<Record<Work, Tally>>>;

/** Old samples lose half their weight after 20 newer ones: follows a changed host within a burst, ignores one odd call. */
const DECAY_PER_SAMPLE = 0.5 ** (1 / 20);

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
 */
export class RateBook {
  private readonly hosts = new Map<NodeId, HostTallies>();
  private readonly sizes = new Map<string, number>();
  private readonly estimates = new Map<string, SpeedEstimate>();
  private readonly medians = new Map<string, number | null>();

  setModelSizes(sizes: readonly ModelSize[]): void {
    for (const { name, sizeBytes } of sizes) {
      if (!(sizeBytes > 0) || this.sizes.get(fullModelName(name)) === sizeBytes) continue;
      this.sizes.set(fullModelName(name), sizeBytes);
      this.forgetDerived();
    }
  }

  record(nodeId: NodeId, model: string, sample: RateSample): void {
    const name = fullModelName(model);
    this.add(nodeId, name, 'prompt', sample.promptTokens, sample.promptMs);
    this.add(nodeId, name, 'completion', sample.completionTokens, sample.decodeMs);
    if (sample.loadMs !== null) this.add(nodeId, name, 'load', 1, sample.loadMs);
    this.forgetDerived();
  }

  /** Forgets a host, so that another machine under the same name is not judged by it. */
  forget(nodeId: NodeId): void {
    this.hosts.delete(nodeId);
    this.forgetDerived();
  }

  learned(nodeId: NodeId, model: string): LearnedRates {
    const loadsPerSecond = this.measured(nodeId, fullModelName(model), 'load');
    return {
      promptTokensPerSecond: this.measured(nodeId, fullModelName(model), 'prompt'),
      completionTokensPerSecond: this.measured(nodeId, fullModelName(model), 'completion'),
      loadSeconds: loadsPerSecond === null ? null : 1 / loadsPerSecond,
    };
  }

  estimate(nodeId: NodeId, model: string): SpeedEstimate {
    const name = fullModelName(model);
    const key = `${nodeId} ${name}`;
    const known = this.estimates.get(key);
    if (known) return known;
    const estimate = {
      promptSecondsPerToken: 1 / this.speed(nodeId, name, 'prompt'),
      completionSecondsPerToken: 1 / this.speed(nodeId, name, 'completion'),
      loadSeconds: 1 / this.speed(nodeId, name, 'load'),
    };
    this.estimates.set(key, estimate);
    return estimate;
  }

  private add(nodeId: NodeId, model: string, work: Work, amount: number, durationMs: number): void {
    if (!(amount > 0) || !(durationMs > 0)) return;
    const models = this.hosts.get(nodeId) ?? new Map();
    const tallies = models.get(model) ?? {};
    const tally = tallies[work] ?? { amount: 0, seconds: 0 };
    tally.amount = tally.amount * DECAY_PER_SAMPLE + amount;
    tally.seconds = tally.seconds * DECAY_PER_SAMPLE + durationMs / 1000;
    this.hosts.set(nodeId, models.set(model, { ...tallies, [work]: tally }));
  }

  private speed(nodeId: NodeId, model: string, work: Work): number {
    return (
      this.measured(nodeId, model, work) ??
      this.scaledFromHost(nodeId, model, work) ??
      this.fleetMedian(work, model) ??
      (this.fleetMedian(work, null) ?? PRIOR_BYTES_PER_SECOND[work]) / this.sizeOf(model)
    );
  }

  private measured(nodeId: NodeId, model: string, work: Work): number | null {
    const tally = this.hosts.get(nodeId)?.get(model)?.[work];
    return tally ? tally.amount / tally.seconds : null;
  }

  private scaledFromHost(nodeId: NodeId, model: string, work: Work): number | null {
    const sizeBytes = this.sizeOf(model);
    let nearest: number | null = null;
    let nearestDistance = Infinity;
    for (const other of this.hosts.get(nodeId)?.keys() ?? []) {
      const speed = this.measured(nodeId, other, work);
      const distance = Math.abs(Math.log(this.sizeOf(other) / sizeBytes));
      if (speed === null || distance >= nearestDistance) continue;
      nearest = (speed * this.sizeOf(other)) / sizeBytes;
      nearestDistance = distance;
    }
    return nearest;
  }

  /** Median speed of one model over all hosts, or of all models as bytes per second when `model` is null. */
  private fleetMedian(work: Work, model: string | null): number | null {
    const key = `${work} ${model ?? ''}`;
    const known = this.medians.get(key);
    if (known !== undefined) return known;
    const found = median(this.fleetSpeeds(work, model));
    this.medians.set(key, found);
    return found;
  }

  private fleetSpeeds(work: Work, model: string | null): number[] {
    const speeds: number[] = [];
    for (const [nodeId, models] of this.hosts) {
      for (const name of model === null ? models.keys() : [model]) {
        const speed = this.measured(nodeId, name, work);
        if (speed !== null) speeds.push(model === null ? speed * this.sizeOf(name) : speed);
      }
    }
    return speeds;
  }

  private sizeOf(model: string): number {
    return this.sizes.get(model) ?? UNKNOWN_SIZE_BYTES;
  }

  private forgetDerived(): void {
    this.estimates.clear();
    this.medians.clear();
  }
}

function median(values: number[]): number | null {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
