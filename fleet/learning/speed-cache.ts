import type { NodeId } from '../../domain/ids.ts';
import type { Work } from './model-record.ts';

/** Speeds by kind of work, then by model: a key made of both would be put together and hashed anew for every look. */
type SpeedsByWork<T> = Readonly<Record<Work, Map<string, T>>>;

/**
 * Keeps derived speeds until what they were derived from changes: a sample from one host leaves what the other hosts tell of
 * themselves as it is. Every decision asks for every model on every host, and most of them have told nothing new.
 */
export class SpeedCache {
  private readonly byHost = new Map<NodeId, SpeedsByWork<number | null>>();
  private ofFleet: SpeedsByWork<number> = noSpeeds();

  /** What the host's own samples say, null when they say nothing; undefined: not derived yet. */
  ofHost(nodeId: NodeId, work: Work, model: string): number | null | undefined {
    return this.byHost.get(nodeId)?.[work].get(model);
  }

  keepOfHost(nodeId: NodeId, work: Work, model: string, speed: number | null): void {
    const speeds = this.byHost.get(nodeId) ?? noSpeeds();
    speeds[work].set(model, speed);
    this.byHost.set(nodeId, speeds);
  }

  /** What all samples together say; undefined: not derived yet. */
  fleet(work: Work, model: string): number | undefined {
    return this.ofFleet[work].get(model);
  }

  keepFleet(work: Work, model: string, speed: number): void {
    this.ofFleet[work].set(model, speed);
  }

  /** The host has told something new. */
  forgetHost(nodeId: NodeId): void {
    this.byHost.delete(nodeId);
    this.ofFleet = noSpeeds();
  }

  forgetAll(): void {
    this.byHost.clear();
    this.ofFleet = noSpeeds();
  }
}

function noSpeeds<T>(): SpeedsByWork<T> {
  return { prompt: new Map(), completion: new Map(), load: new Map() };
}
