import { z } from 'zod';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeAddress } from '../../domain/node.ts';
import type { NodeKnowledge } from '../../domain/node-knowledge.ts';
import { RateBook } from './learned-rates.ts';
import { MemoryLimits, memoryLimitSchema } from '../model-memory/memory-limits.ts';
import { modelRecordSchema } from './model-record.ts';
import type { NodeFacts } from '../health/node-facts.ts';
import { learnVram, NO_VRAM_SEEN, vramSchema, type VramKnowledge } from '../model-memory/vram-capacity.ts';

/** The form in which a host's knowledge is kept; one of another version is as if there were none. */
const keptSchema = z.object({
  version: z.literal(1),
  models: z.record(z.string(), modelRecordSchema),
  vram: vramSchema,
  memoryLimits: z.array(memoryLimitSchema).default([]),
});

type Kept = z.infer<typeof keptSchema>;

/** All that was measured of the hosts: their speeds, what was seen of their graphics memory, and what did not fit there. */
export class FleetKnowledge {
  readonly rates: RateBook;
  readonly memoryLimits: MemoryLimits;
  /** Of hosts that are not known yet, and of those that went away and may come back. */
  private readonly kept: Map<NodeId, NodeKnowledge>;
  private readonly urls = new Map<NodeId, string>();
  private readonly vrams = new Map<NodeId, VramKnowledge>();

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number, kept: readonly NodeKnowledge[] = []) {
    this.rates = new RateBook(now);
    this.memoryLimits = new MemoryLimits(now);
    this.kept = new Map(kept.map((entry) => [entry.nodeId, entry]));
  }

  /** A host is used from now on. It is judged by what was kept of this URL, never by another machine's. */
  begin({ id, url }: NodeAddress): void {
    if (this.urls.get(id) === url) return;
    this.rates.forget(id);
    this.vrams.delete(id);
    this.memoryLimits.forget(id);
    this.urls.set(id, url);
    const kept = this.kept.get(id);
    const read = keptSchema.safeParse(kept?.knowledge);
    if (kept?.url !== url || !read.success) return;
    this.rates.restore(id, read.data.models);
    this.vrams.set(id, read.data.vram);
    this.memoryLimits.restore(id, read.data.memoryLimits);
  }

  /** A host is used no more; should it come back, it is known again. */
  end(id: NodeId): void {
    for (const entry of this.entries()) if (entry.nodeId === id) this.kept.set(id, entry);
    this.urls.delete(id);
  }

  /** Takes up what a look at the host's memory has shown. */
  noteMemory({ address, residentModels }: NodeFacts): void {
    const vram = learnVram(this.vram(address.id), residentModels);
    this.vrams.set(address.id, vram);
    if (vram.largestBytes > 0) this.rates.noteResidents(address.id, residentModels);
  }

  vram(id: NodeId): VramKnowledge {
    return this.vrams.get(id) ?? NO_VRAM_SEEN;
  }

  /** What is to be kept: of each host in use of which something was measured. */
  entries(): readonly NodeKnowledge[] {
    return [...this.urls].flatMap(([nodeId, url]) => {
      const models = this.rates.recordsOf(nodeId);
      const memoryLimits = [...this.memoryLimits.of(nodeId)];
      const isNothing = Object.keys(models).length === 0 && !this.vrams.has(nodeId) && memoryLimits.length === 0;
      const knowledge: Kept = { version: 1, models, vram: this.vram(nodeId), memoryLimits };
      return isNothing ? [] : [{ nodeId, url, knowledge }];
    });
  }
}
