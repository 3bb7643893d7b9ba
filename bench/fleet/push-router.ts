import type { Draw } from './draw.ts';
import type { Policy, Router, RouterSurroundings } from './router.ts';
import type { BenchCall, BenchJob } from './scenario.ts';
import type { HostCall, HostEnding, SimulatedHost } from './simulated-host.ts';

/** What a router that sends calls on at once knows of a host. */
export interface HostView {
  readonly host: SimulatedHost;
  inFlight: number;
  readonly inFlightByModel: Map<string, number>;
  /** Models that it was sent calls for; they are, or soon will be, in memory. */
  readonly sentModels: Set<string>;
  answered: number;
  failed: number;
  /** Over all its answers. */
  meanLatencySeconds: number;
  peak: PeakLatency;
  restsUntilSeconds: number;
}

/** Latency with the peaks kept: jumps up at once, comes down slowly. */
export interface PeakLatency {
  seconds: number;
  atSeconds: number;
}

/** How a router chooses, and how it takes failures. */
export interface PushRules {
  /** Among `healthy`, which is never empty; `all` have the model. */
  choose(
    call: BenchCall,
    healthy: readonly HostView[],
    all: readonly HostView[],
    context: { readonly draw: Draw; readonly nowSeconds: number },
  ): HostView | undefined;
  /** A host that refused is left alone for so long. */
  readonly restSeconds: number;
}

/** The caller asks again after an error. */
const CALLER_RETRY_SECONDS = 1;
/** The proxies wait for minutes until something comes: LiteLLM's default is 600 s, Olla's 15 min. */
const LONGEST_SILENCE_SECONDS = 600;
/** Sums of seconds are not exact. */
const ROUNDING_SECONDS = 1e-6;
/** Until a killed proxy is started again. */
const RESTART_SECONDS = 5;
/** Finagle's default is 10 s for calls of milliseconds; a generation takes tens of seconds. */
const PEAK_DECAY_SECONDS = 60;

/** A policy that binds each call to a host when it comes, as proxies do. */
export function createPushPolicy(name: string, createRules: () => PushRules): Policy {
  return { name, create: (surroundings) => new PushRouter(surroundings, createRules) };
}

interface Attempt {
  readonly view: HostView;
  readonly call: BenchCall;
  readonly job: BenchJob;
  readonly done: () => void;
  readonly startSeconds: number;
  hostCall: HostCall | null;
  cancelTimeout: () => void;
}

/**
 * Sends on at once. What cannot connect goes to the next host; what breaks after that is the caller's loss, who asks again.
 * A stream that ends without `done` is passed on as if it were complete.
 */
class PushRouter implements Router {
  private readonly surroundings: RouterSurroundings;
  private readonly createRules: () => PushRules;
  private readonly attempts = new Set<Attempt>();
  private rules: PushRules;
  private views: readonly HostView[];
  private upAgainAtSeconds = 0;

  constructor(surroundings: RouterSurroundings, createRules: () => PushRules) {
    this.surroundings = surroundings;
    this.createRules = createRules;
    this.rules = createRules();
    this.views = surroundings.hosts.map(createView);
  }

  submit(call: BenchCall, job: BenchJob, done: () => void): void {
    const { clock, draw } = this.surroundings;
    const nowSeconds = clock.nowSeconds();
    const retry = (): void => this.submit(call, job, done);
    if (nowSeconds < this.upAgainAtSeconds) return void clock.after(CALLER_RETRY_SECONDS, retry);
    const all = this.views.filter(({ host }) => call.model in host.address.speeds);
    const healthy = all.filter((view) => view.restsUntilSeconds <= nowSeconds);
    const chosen = healthy.length === 0 ? undefined : this.rules.choose(call, healthy, all, { draw, nowSeconds });
    if (chosen === undefined) return void clock.after(CALLER_RETRY_SECONDS, retry);
    this.send({
      view: chosen,
      call,
      job,
      done,
      startSeconds: nowSeconds,
      hostCall: null,
      cancelTimeout: () => undefined,
    });
  }

  kill(): void {
    const { clock, record } = this.surroundings;
    this.upAgainAtSeconds = clock.nowSeconds() + RESTART_SECONDS;
    this.rules = this.createRules();
    this.views = this.surroundings.hosts.map(createView);
    for (const attempt of this.attempts) {
      record.wastedTokens += attempt.hostCall?.cancel() ?? 0;
      this.lose(attempt);
    }
  }

  close(): void {}

  private send(attempt: Attempt): void {
    const { view, call } = attempt;
    this.attempts.add(attempt);
    count(view, call, 1);
    view.sentModels.add(call.model);
    attempt.hostCall = view.host.submit(call, (ending) => this.takeEnding(attempt, ending));
    this.watchSilence(attempt);
  }

  private watchSilence(attempt: Attempt): void {
    const { clock } = this.surroundings;
    const untilSeconds = (attempt.hostCall?.silentSinceSeconds() ?? 0) + LONGEST_SILENCE_SECONDS;
    if (clock.nowSeconds() > untilSeconds - ROUNDING_SECONDS) this.timeOut(attempt);
    else attempt.cancelTimeout = clock.at(untilSeconds, () => this.watchSilence(attempt));
  }

  private takeEnding(attempt: Attempt, ending: HostEnding): void {
    const { record } = this.surroundings;
    const { view } = attempt;
    switch (ending.kind) {
      case 'finished':
        this.noteLatency(attempt);
        return this.answer(attempt);
      case 'truncated':
        record.wronglyComplete += 1;
        this.noteLatency(attempt);
        return this.answer(attempt);
      case 'broken':
        record.wastedTokens += ending.tokens;
        this.restHost(view);
        return this.lose(attempt);
      case 'busy':
        view.failed += 1;
        return this.lose(attempt);
      case 'refused':
        this.restHost(view);
        this.end(attempt);
        return this.submit(attempt.call, attempt.job, attempt.done);
      default:
        ending satisfies never;
    }
  }

  private timeOut(attempt: Attempt): void {
    this.surroundings.record.wastedTokens += attempt.hostCall?.cancel() ?? 0;
    this.restHost(attempt.view);
    this.lose(attempt);
  }

  private answer(attempt: Attempt): void {
    const { record, clock } = this.surroundings;
    const { startSeconds, job, done } = attempt;
    this.end(attempt);
    record.services.push({ namespace: job.namespace, startSeconds, endSeconds: clock.nowSeconds() });
    done();
  }

  private lose(attempt: Attempt): void {
    this.end(attempt);
    this.surroundings.record.lost += 1;
    const { call, job, done } = attempt;
    this.surroundings.clock.after(CALLER_RETRY_SECONDS, () => this.submit(call, job, done));
  }

  private end(attempt: Attempt): void {
    attempt.cancelTimeout();
    this.attempts.delete(attempt);
    count(attempt.view, attempt.call, -1);
  }

  private restHost(view: HostView): void {
    view.failed += 1;
    view.restsUntilSeconds = this.surroundings.clock.nowSeconds() + this.rules.restSeconds;
  }

  private noteLatency({ view, startSeconds }: Attempt): void {
    const nowSeconds = this.surroundings.clock.nowSeconds();
    const latencySeconds = nowSeconds - startSeconds;
    view.meanLatencySeconds = (view.meanLatencySeconds * view.answered + latencySeconds) / (view.answered + 1);
    view.answered += 1;
    view.peak = {
      seconds: Math.max(latencySeconds, decayed(view.peak, latencySeconds, nowSeconds)),
      atSeconds: nowSeconds,
    };
  }
}

function decayed(peak: PeakLatency, sample: number, nowSeconds: number): number {
  const weight = Math.exp(-(nowSeconds - peak.atSeconds) / PEAK_DECAY_SECONDS);
  return peak.seconds * weight + sample * (1 - weight);
}

function count(view: HostView, { model }: BenchCall, change: number): void {
  view.inFlight += change;
  view.inFlightByModel.set(model, (view.inFlightByModel.get(model) ?? 0) + change);
}

function createView(host: SimulatedHost): HostView {
  return {
    host,
    inFlight: 0,
    inFlightByModel: new Map(),
    sentModels: new Set(),
    answered: 0,
    failed: 0,
    meanLatencySeconds: 0,
    peak: { seconds: 0, atSeconds: 0 },
    restsUntilSeconds: 0,
  };
}
