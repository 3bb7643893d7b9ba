import type { NodeId } from '../../domain/ids.ts';
import type { ModelSpeed, NodeSnapshot, ResidentModel } from '../../domain/node.ts';

/** A node that is up, has no models, and of which nothing special is known. */
export function aNodeSnapshot(change: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return {
    id: 'n1' as NodeId,
    url: 'http://n1:11434',
    state: 'up',
    since: null,
    problem: null,
    version: '0.6.5',
    models: [],
    residentModels: [],
    origin: 'settings',
    wanted: 'active',
    vramBytes: null,
    vramSource: null,
    slots: 1,
    busySlots: 0,
    seenAt: null,
    speeds: [],
    ...change,
  };
}

/** A model that lies in the memory of graphics cards as a whole. */
export function aResidentModel(name: string, change: Partial<ResidentModel> = {}): ResidentModel {
  return { name, sizeBytes: 1e9, vramBytes: 1e9, contextTokens: 4096, ...change };
}

/** A model of which only the speed of its answers was measured. */
export function aModelSpeed(model: string, completionTokensPerSecond: number): ModelSpeed {
  return {
    model,
    completionTokensPerSecond,
    promptTokensPerSecond: null,
    loadSeconds: null,
    failureShare: 0,
    samples: 1,
    parallelism: null,
  };
}
