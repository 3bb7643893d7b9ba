import { sameModel } from '../domain/model-name.ts';
import type { NodeSnapshot } from '../domain/node.ts';

/** Whether one part that Hydra stands on works. */
export interface PartHealth {
  readonly name: string;
  /** False for an optional part: Hydra is healthy without it. */
  readonly required: boolean;
  readonly healthy: boolean;
  /** For people: version and place, or what is wrong. */
  readonly detail: string;
}

export interface HealthReport {
  readonly parts: readonly PartHealth[];
}

/** Healthy when every required part is. */
export function isHealthy(report: HealthReport): boolean {
  return report.parts.every((part) => part.healthy || !part.required);
}

/** One model of the fleet with the hosts that have it. */
export interface FleetModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly family: string;
  readonly parameterSize: string;
  readonly nodes: readonly string[];
  readonly residentOn: readonly string[];
}

/** Which model plays which role, and every model that some host has. */
export interface ModelsReport {
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly models: readonly FleetModel[];
  /** Models of the settings that no host has, with the role that each was to play. */
  readonly missing: readonly { readonly role: string; readonly model: string }[];
}

/** The models of all hosts that are up, by name. */
export function collectFleetModels(nodes: readonly NodeSnapshot[]): readonly FleetModel[] {
  const byName = new Map<string, FleetModel>();
  for (const node of nodes.filter(({ state }) => state === 'up')) {
    for (const model of node.models) {
      const known = byName.get(model.name) ?? { ...model, nodes: [], residentOn: [] };
      const isResident = node.residentModels.some((resident) => sameModel(resident.name, model.name));
      byName.set(model.name, {
        ...known,
        nodes: [...known.nodes, node.id],
        residentOn: isResident ? [...known.residentOn, node.id] : known.residentOn,
      });
    }
  }
  return [...byName.values()].sort((left, right) => left.name.localeCompare(right.name));
}
