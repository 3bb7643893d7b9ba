import type { NodeId } from '../../domain/ids.ts';

/**
 * Keeps derived speeds until what they were derived from changes: a sample from one host leaves what the other hosts tell of
 * themselves as it is. Every decision asks for every model on every host, and most of them have told nothing new.
 */
export class SpeedCache {
  private readonly byHost = new Map<NodeId, Map<string, number | null>>();
  private readonly ofFleet = new Map<string, number>();

  /** What the host's own samples say, null when they say nothing; undefined: not derived yet. */
  ofHost(nodeId: NodeId, key: string): number | null | undefined {
    return this.byHost.get(nodeId)?.get(key);
  }

  keepOfHost(nodeId: NodeId, key: string, speed: number | null): void {
    const speeds = this.byHost.get(nodeId) ?? new Map<string, number | null>();
    this.byHost.set(nodeId, speeds.set(key, speed));
  }

  /** What all samples together say; undefined: not derived yet. */
  fleet(key: string): number | undefined {
    return this.ofFleet.get(key);
  }

  keepFleet(key: string, speed: number): void {
    this.ofFleet.set(key, speed);
  }

  /** The host has told something new. */
  forgetHost(nodeId: NodeId): void {
    this.byHost.delete(nodeId);
    this.ofFleet.clear();
  }

  forgetAll(): void {
    this.byHost.clear();
    this.ofFleet.clear();
  }
}
