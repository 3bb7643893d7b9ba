import { z } from 'zod';
import type { NodeId } from '../../domain/ids.ts';
import { fullModelName } from '../../domain/model-name.ts';

/** A model that did not fit into the memory of a host. Plain JSON, to be kept. */
export const memoryLimitSchema = z.object({
  /** Full name. */
  model: z.string(),
  /** The smallest context with which it did not fit. */
  contextTokens: z.int().positive(),
  untilMs: z.number(),
});

export type MemoryLimit = Readonly<z.infer<typeof memoryLimitSchema>>;

/** What else took the memory may be gone by then; until then each try costs a load that fails. */
const LIMIT_LASTS_MS = 10 * 60_000;

/** Which models did not fit into the memory of which hosts: known for a while, so that calls go where there is room. */
export class MemoryLimits {
  private readonly limits = new Map<NodeId, Map<string, MemoryLimit>>();
  private readonly now: () => number;

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.now = now;
  }

  get isEmpty(): boolean {
    return this.limits.size === 0;
  }

  /** The model did not fit with this context, and so fits with no larger one. */
  note(nodeId: NodeId, model: string, contextTokens: number): void {
    const smallest = Math.min(contextTokens, this.find(nodeId, model)?.contextTokens ?? Infinity);
    const limit = { model: fullModelName(model), contextTokens: smallest, untilMs: this.now() + LIMIT_LASTS_MS };
    this.restore(nodeId, [...this.of(nodeId), limit]);
  }

  /** The model has answered with this context: what was known against it is no longer true. */
  disprove(nodeId: NodeId, model: string, contextTokens: number): void {
    if (this.fits(nodeId, model, contextTokens)) return;
    const others = this.of(nodeId).filter((limit) => limit.model !== fullModelName(model));
    this.restore(nodeId, others);
  }

  fits(nodeId: NodeId, model: string, contextTokens: number): boolean {
    return contextTokens < (this.find(nodeId, model)?.contextTokens ?? Infinity);
  }

  /** Another machine under the name of this one starts afresh. */
  forget(nodeId: NodeId): void {
    this.limits.delete(nodeId);
  }

  /** What is known of a host now, to be kept. */
  of(nodeId: NodeId): readonly MemoryLimit[] {
    return [...(this.limits.get(nodeId)?.values() ?? [])].filter((limit) => limit.untilMs > this.now());
  }

  /** Knows this of a host, and nothing else; of two that concern one model the later one counts. */
  restore(nodeId: NodeId, limits: readonly MemoryLimit[]): void {
    if (limits.length === 0) this.limits.delete(nodeId);
    else this.limits.set(nodeId, new Map(limits.map((limit) => [limit.model, limit])));
  }

  private find(nodeId: NodeId, model: string): MemoryLimit | undefined {
    const limit = this.limits.get(nodeId)?.get(fullModelName(model));
    return limit !== undefined && limit.untilMs > this.now() ? limit : undefined;
  }
}
