import { fullModelName, sameModel } from '../../domain/model-name.ts';
import type { ResidentModel } from '../../domain/node.ts';
import { estimateMemory } from './estimate-memory.ts';
import type { NodeFacts } from '../health/node-facts.ts';
import type { HostMemory } from '../scheduler-port.ts';
import { usedVramBytes, vramCapacity, type VramKnowledge } from './vram-capacity.ts';

/**
 * What the scheduler may reckon with of a host's graphics memory; null where none was seen or given.
 * A model that lies in memory as it is wanted takes what the host says; of others it is estimated.
 */
export function hostMemory(facts: NodeFacts, known: VramKnowledge): HostMemory | null {
  const { address, residentModels } = facts;
  const { vramBytes, isCertain } = vramCapacity(known, address);
  if (vramBytes === null) return null;
  const models = new Map(facts.models.map((model) => [fullModelName(model.name), model]));
  return {
    freeBytes: isCertain ? Math.max(0, vramBytes - usedVramBytes(residentModels)) : null,
    needBytes(name, contextTokens) {
      const resident = residentModels.find((one) => sameModel(one.name, name));
      if (resident && fits(resident, contextTokens)) return resident.sizeBytes;
      const model = models.get(fullModelName(name));
      return model ? estimateMemory(model, { contextTokens, slots: address.slots }).needBytes : null;
    },
  };
}

function fits(resident: ResidentModel, contextTokens: number): boolean {
  return resident.contextTokens === null || resident.contextTokens === contextTokens;
}
