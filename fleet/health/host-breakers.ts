import type { NodeId } from '../../domain/ids.ts';
import {
  CLOSED_BREAKER,
  abandonTrial,
  beginCall,
  breakerAt,
  permitsCall,
  recordFailure,
  recordSuccess,
  type Breaker,
} from './breaker.ts';
import type { Clock } from '../clock.ts';

/** A breaker that a call is the trial of; given back when the call ends. */
export interface Trial {
  readonly key: string;
  readonly sinceMs: number;
}

/** The breakers of a fleet: one per host, and one per model on a host, so that a broken model does not rest its host's others. */
export class HostBreakers {
  private readonly breakers = new Map<string, Breaker>();
  private readonly clock: Clock;
  private readonly random: () => number;

  constructor(clock: Clock, random: () => number) {
    this.clock = clock;
    this.random = random;
  }

  /** True when neither the host nor the model on it is resting. */
  permits(nodeId: NodeId, model: string): boolean {
    return keysOf(nodeId, model).every((key) => permitsCall(this.get(key), this.clock.now()));
  }

  /** Of the host as a whole. */
  stateOf(nodeId: NodeId): Breaker['state'] {
    return breakerAt(this.get(nodeId), this.clock.now()).state;
  }

  begin(nodeId: NodeId, model: string): readonly Trial[] {
    return keysOf(nodeId, model).flatMap((key) => {
      const { breaker, trialSinceMs } = beginCall(this.get(key), this.clock.now());
      this.breakers.set(key, breaker);
      return trialSinceMs === null ? [] : [{ key, sinceMs: trialSinceMs }];
    });
  }

  succeeded(nodeId: NodeId, model: string, trials: readonly Trial[]): void {
    this.change(keysOf(nodeId, model), (breaker) => recordSuccess(breaker, this.clock.now()));
    this.abandoned(trials);
  }

  failed(nodeId: NodeId, model: string): void {
    this.change(keysOf(nodeId, model), (breaker) => recordFailure(breaker, this.clock.now(), this.random()));
  }

  /** The host is well, but this model on it is not: it did not load in time, or its runner failed. */
  modelFailed(nodeId: NodeId, model: string, trials: readonly Trial[]): void {
    this.abandoned(trials.filter(({ key }) => key === nodeId));
    this.change([modelKeyOf(nodeId, model)], (breaker) => recordFailure(breaker, this.clock.now(), this.random()));
  }

  /** The call is over and says nothing more about host or model. */
  abandoned(trials: readonly Trial[]): void {
    for (const { key, sinceMs } of trials) this.breakers.set(key, abandonTrial(this.get(key), sinceMs));
  }

  /** A host that was gone and is back, or another one under its name, starts afresh. */
  forget(nodeId: NodeId): void {
    for (const key of this.breakers.keys()) {
      if (key === nodeId || key.startsWith(`${nodeId} `)) this.breakers.delete(key);
    }
  }

  private change(keys: readonly string[], step: (breaker: Breaker) => Breaker): void {
    for (const key of keys) this.breakers.set(key, step(this.get(key)));
  }

  private get(key: string): Breaker {
    return this.breakers.get(key) ?? CLOSED_BREAKER;
  }
}

function keysOf(nodeId: NodeId, model: string): readonly string[] {
  return [nodeId, modelKeyOf(nodeId, model)];
}

function modelKeyOf(nodeId: NodeId, model: string): string {
  return `${nodeId} ${model}`;
}
